import type { Page } from '@paxyo/panel-client'
import { useSignal, type ReadonlySignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { get, toProblem, type ApiProblem, type Query } from './api.ts'
import type { Concerns } from './changes.ts'
import { useResource } from './resource.ts'

const PAGE_SIZE = 50
const NOTHING: Page<never> = { data: [], nextCursor: null }

export interface List<Item> {
  readonly items: readonly Item[] | undefined
  readonly problem: ApiProblem | undefined
  readonly hasMore: boolean
  readonly isLoadingMore: ReadonlySignal<boolean>
  readonly loadMore: () => Promise<void>
  readonly reload: () => void
}

/** A list of the API, newest first. A change reads its first page again; older pages that were loaded stay. */
export function useList<Item>(
  url: string,
  query: Query,
  options: { readonly concerns: Concerns; readonly idOf: (item: Item) => string },
): List<Item> {
  const key = JSON.stringify([url, query])
  const first = useResource(
    key,
    (signal) => get<Page<Item>>(url, { limit: PAGE_SIZE, ...query }, signal),
    options.concerns,
  )
  const older = useSignal<Page<Item>>(NOTHING)
  const isLoadingMore = useSignal(false)
  const moreProblem = useSignal<ApiProblem | undefined>(undefined)
  useEffect(() => {
    older.value = NOTHING
    moreProblem.value = undefined
  }, [key])

  const page = first.data.value
  const { items, nextCursor } =
    page === undefined ? { items: undefined, nextCursor: null } : mergePages(page, older.value, options.idOf)
  return {
    items,
    problem: first.problem.value ?? moreProblem.value,
    hasMore: nextCursor !== null,
    isLoadingMore,
    async loadMore() {
      if (isLoadingMore.value || nextCursor === null || items === undefined) return
      isLoadingMore.value = true
      try {
        const next = await get<Page<Item>>(url, { limit: PAGE_SIZE, ...query, cursor: nextCursor })
        older.value = { data: [...items, ...next.data], nextCursor: next.nextCursor }
        moreProblem.value = undefined
      } catch (error) {
        moreProblem.value = toProblem(error)
      } finally {
        isLoadingMore.value = false
      }
    },
    reload: first.reload,
  }
}

/**
 * The newest page, then what was loaded before and is not on it. When so much is new that the two no longer overlap, only
 * the newest page, so that the list has no gap.
 */
export function mergePages<Item>(
  newest: Page<Item>,
  before: Page<Item>,
  idOf: (item: Item) => string,
): { readonly items: readonly Item[]; readonly nextCursor: string | null } {
  const shown = new Set(newest.data.map(idOf))
  const isConnected = before.data.some((item) => shown.has(idOf(item)))
  if (!isConnected) return { items: newest.data, nextCursor: newest.nextCursor }
  return {
    items: [...newest.data, ...before.data.filter((item) => !shown.has(idOf(item)))],
    nextCursor: before.nextCursor,
  }
}
