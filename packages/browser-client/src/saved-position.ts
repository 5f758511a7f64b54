import type { Position } from './api.ts'

type PositionStorage = Pick<Storage, 'getItem' | 'setItem'>

/** The tab's own storage, where the browser lets the page have it. */
export function tabStorage(): PositionStorage | null {
  try {
    return sessionStorage
  } catch {
    return null
  }
}

/** Storage may be full, or forbidden: then a reload begins with a snapshot, which is as good. */
export function savePosition(storage: PositionStorage, url: string, userId: string, position: Position): void {
  try {
    storage.setItem(toKey(url, userId), JSON.stringify(position))
  } catch {
    // see above
  }
}

export function loadPosition(storage: PositionStorage, url: string, userId: string): Position | undefined {
  try {
    const { epoch, seq } = JSON.parse(storage.getItem(toKey(url, userId))!) as Partial<Position>
    if (typeof epoch !== 'string' || !Number.isSafeInteger(seq)) return undefined
    return { epoch, seq: seq! }
  } catch {
    return undefined
  }
}

/** Of one user at one address: somebody else's position would skip events. */
function toKey(url: string, userId: string): string {
  return `paxyo ${url} ${userId}`
}
