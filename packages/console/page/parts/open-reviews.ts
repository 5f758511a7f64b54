import { reviewsChanged } from '../data/changes.ts'
import { useResource, type Resource } from '../data/resource.ts'
import { readOpenPage } from './inbox.ts'

export interface OpenCount {
  readonly count: number
  /** Whether there are more. */
  readonly hasMore: boolean
}

/** How many reviews are open, up to a page of them. */
export const useOpenCount = (): Resource<OpenCount> =>
  useResource(
    'open reviews',
    async (signal) => {
      const { data, nextCursor } = await readOpenPage('', undefined, signal)
      return { count: data.length, hasMore: nextCursor !== null }
    },
    reviewsChanged,
  )
