import type { AccountView } from '@paxyo/browser-client'
import {
  mergeByOrder,
  SINGLE_NEWS_MAX,
  SUMMARY_KEY,
  toBalanceToast,
  toOrderToast,
  toSummaryToast,
  type OrderNews,
  type Writer,
} from './news.ts'
import type { Toasts } from './toasts.ts'

/** Changes within this time are shown together. */
const GATHER_MS = 250
/** A summary of more orders than this starts from zero, so that a page that stays open for days keeps no history. */
const SUMMARIZED_MAX = 10_000

/** Collects changes for a moment and shows them as toasts: a few, however many changes there are. */
export interface ToastQueue {
  order(news: OrderNews): void
  account(account: AccountView): void
}

export function createToastQueue({ toasts, writer }: { toasts: Toasts; writer: Writer }): ToastQueue {
  let gathered: OrderNews[] = []
  let account: AccountView | undefined
  let summarized: OrderNews[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function publish(): void {
    timer = undefined
    const news = mergeByOrder(gathered)
    const isSummaryShown = toasts.has(SUMMARY_KEY) && summarized.length < SUMMARIZED_MAX
    if (!isSummaryShown) summarized = []
    if (news.length > SINGLE_NEWS_MAX || (isSummaryShown && news.length > 0)) {
      summarized = mergeByOrder([...summarized, ...news])
      toasts.show(toSummaryToast(summarized, writer))
    } else {
      for (const each of news) toasts.show(toOrderToast(each, writer))
    }
    if (account !== undefined) toasts.show(toBalanceToast(account, writer))
    gathered = []
    account = undefined
  }

  return {
    order(news) {
      gathered.push(news)
      timer ??= setTimeout(publish, GATHER_MS)
    },
    account(latest) {
      account = latest
      timer ??= setTimeout(publish, GATHER_MS)
    },
  }
}
