import type { Position } from './api.ts'
import { attempt } from './attempt.ts'

type PositionStorage = Pick<Storage, 'getItem' | 'setItem'>

/** The tab's `sessionStorage`, if the browser allows it. */
export function tabStorage(): PositionStorage | null {
  return attempt(() => sessionStorage) ?? null
}

/** Storage may be full or forbidden: then a reload starts with a snapshot, which is correct, too. */
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

/** Per user and URL: the position of another user would skip events. */
function toKey(url: string, userId: string): string {
  return `paxyo ${url} ${userId}`
}
