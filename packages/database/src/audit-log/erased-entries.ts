import { createHash, type Hash } from 'node:crypto'

/** An entry of which an erasure has taken the user out: its hash cannot be computed again. */
interface ErasedEntry {
  readonly position: number
  readonly hash: Buffer
  readonly erasure_id: string | null
}

/** The entry of an erasure. It contains a digest of the entries that it has changed. */
interface ErasureEntry {
  readonly position: number
  readonly after: string | null
}

interface Erased {
  readonly digest: Hash
  count: number
  readonly first: number
}

/**
 * Checks that every entry whose content is gone was changed by an erasure that the log has: the position and the hash of each
 * are in the digest of its entry, which is part of the chain.
 */
export function createErasureCheck() {
  const erasedById = new Map<string, Erased>()
  const expectedById = new Map<string, { readonly entries: number; readonly digest: string }>()
  return {
    /** In the order of their positions. */
    addErased({ position, hash, erasure_id: id }: ErasedEntry): void {
      const erased = erasedById.get(id!) ?? { digest: createHash('sha256'), count: 0, first: position }
      erased.digest.update(`${erased.count === 0 ? '' : ','}${position}:${hash.toString('hex')}`)
      erased.count += 1
      erasedById.set(id!, erased)
    },

    addErasure({ after }: ErasureEntry): void {
      const details = JSON.parse(after ?? 'null') as { erasureId?: string; entries: number; digest: string } | null
      if (details?.erasureId !== undefined) expectedById.set(details.erasureId, details)
    },

    problems(): string[] {
      const found: string[] = []
      for (const [id, { digest, count, first }] of erasedById) {
        const expected = expectedById.get(id)
        if (expected?.entries !== count || expected.digest !== digest.digest('hex')) {
          found.push(`entry ${first}: its content is gone, and no erasure in the log accounts for it`)
        }
      }
      return found
    },
  }
}
