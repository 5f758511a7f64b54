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

/** What happens within this time is told together. */
const GATHER_MS = 250
/** A summary that has told of so many orders begins anew, so that a page left open for days holds no history. */
const SUMMARIZED_MAX = 10_000

/** Gathers news for a moment and makes toasts of it: few of them, whatever happens. */
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
