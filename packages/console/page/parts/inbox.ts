import type { Page, Review } from '@paxyo/panel-client'
import { useSignal, type ReadonlySignal } from '@preact/signals'
import { ApiProblem, get } from '../data/api.ts'
import { reviewsChanged } from '../data/changes.ts'
import { useResource } from '../data/resource.ts'

const PAGE_SIZE = 100

interface Loaded {
  readonly reviews: readonly Review[]
  readonly hasMore: boolean
}

export interface Inbox {
  readonly reviews: readonly Review[] | undefined
  /** Whether more reviews are open than were read. */
  readonly hasMore: boolean
  readonly problem: ReadonlySignal<ApiProblem | undefined>
  readonly reload: () => void
  /** Reads the next ones, too. */
  readonly loadMore: () => void
}

/** The open reviews, the oldest first: as many pages as the person has scrolled through. */
export function useInbox(reason: string): Inbox {
  const pages = useSignal(1)
  const { data, problem, reload } = useResource(
    `inbox ${reason}`,
    (signal) => readOpen(reason, pages.value, signal),
    reviewsChanged,
  )
  const loaded = data.value
  return {
    reviews: loaded?.reviews,
    hasMore: loaded?.hasMore ?? false,
    problem,
    reload,
    loadMore() {
      if (loaded?.hasMore !== true) return
      const wanted = Math.ceil(loaded.reviews.length / PAGE_SIZE) + 1
      if (wanted === pages.value) return
      pages.value = wanted
      reload()
    },
  }
}

async function readOpen(reason: string, pages: number, signal: AbortSignal): Promise<Loaded> {
  const reviews: Review[] = []
  let cursor: string | null | undefined
  for (let page = 0; page < pages && cursor !== null; page += 1) {
    const read = await readOpenPage(reason, cursor, signal)
    reviews.push(...read.data)
    cursor = read.nextCursor
  }
  return { reviews, hasMore: typeof cursor === 'string' }
}

/** A page of open reviews of a reason, or of all for the empty one. */
export const readOpenPage = (reason: string, cursor: string | undefined, signal?: AbortSignal): Promise<Page<Review>> =>
  get(
    '/v1/reviews',
    { state: 'open', order: 'oldest', limit: PAGE_SIZE, cursor, reason: reason === '' ? undefined : reason },
    signal,
  )
