import type { PanelState } from '../state/panel-state.ts'
import type { RefundEntry } from '../state/refunds.ts'
import { byId, element } from './element.ts'
import { formatMoneyText, formatOrder } from './format.ts'
import { showMoney } from './money-text.ts'
import { timeAgo } from './time-ago.ts'

/** How many refunds are listed; an order's row shows its total. */
const LISTED_MAX = 50

export function createRefundHistory(): { show(state: PanelState): void } {
  let listed: PanelState['refunds'] | undefined
  const items = new Map<string, HTMLElement>()
  return {
    show({ refunds }) {
      if (refunds === listed) return
      listed = refunds
      const shown = refunds.slice(0, LISTED_MAX)
      const shownIds = new Set(shown.map(({ refundId }) => refundId))
      for (const refundId of items.keys()) if (!shownIds.has(refundId)) items.delete(refundId)
      const list = shown.map((refund) => {
        const item = items.get(refund.refundId) ?? refundItem(refund)
        items.set(refund.refundId, item)
        return item
      })
      byId('refunds').replaceChildren(...list)
      byId('no-refunds').hidden = refunds.length > 0
    },
  }
}

function refundItem(refund: RefundEntry): HTMLElement {
  const { amount, currency, at } = refund
  const sum = element('strong', { className: 'refund-amount' })
  showMoney(sum, `+${formatMoneyText(amount, currency)}`)
  return element('li', {}, sum, timeAgo(at), element('span', { className: 'refund-order', text: formatOrder(refund) }))
}
