import type { AccountView } from '@paxyo/browser-client'
import type { PanelState } from '../state/panel-state.ts'
import { countsOf, filterOf } from '../state/order-list.ts'
import { totalRefunded } from '../state/refunds.ts'
import { formatMoney, parseMoney } from '../state/money.ts'
import { byId, setText } from './element.ts'
import { formatMoneyText, formatNumber } from './format.ts'
import { showMoney } from './money-text.ts'

const COUNTING_MS = 700

/** The balance, the refunded total, and the number of open orders. */
export function createOverview(): { show(state: PanelState): void } {
  const balance = createBalance()
  let shownOrders: PanelState['orders'] | undefined
  let shownTotals: PanelState['totals']
  return {
    show({ account, orders, totals }) {
      // In external mode the panel keeps the balance, and the ledger's is only what was refunded.
      balance.show(account?.mode === 'kept' ? account : undefined)
      if (orders === shownOrders && totals === shownTotals) return
      shownOrders = orders
      shownTotals = totals
      const all = [...orders.values()].map(({ order }) => order)
      const currency = account?.currency ?? all[0]?.currency
      const refunded = totals?.refunded ?? totalRefunded(all)
      showMoney(byId('refunded-total'), currency === undefined ? '–' : formatMoneyText(refunded, currency))
      const open = all.filter(({ status }) => filterOf(status) === 'open').length
      setText(byId('open-count'), formatNumber(totals === undefined ? open : countsOf(totals).open))
    },
  }
}

/** Animates a change of the balance; screen readers get only the new one. */
function createBalance(): { show(account: AccountView | undefined): void } {
  const figure = byId('balance-figure')
  const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)')
  const showGain = createGain()
  let target: AccountView | undefined
  let frame = 0

  function count(from: number, { balance, currency }: AccountView): void {
    const to = Number(balance)
    const startMs = performance.now()
    const step = (nowMs: number): void => {
      const part = Math.min(1, Math.max(0, (nowMs - startMs) / COUNTING_MS))
      if (part === 1) {
        showMoney(figure, formatMoneyText(balance, currency))
        return
      }
      const eased = 1 - (1 - part) ** 3
      figure.textContent = formatMoneyText((from + (to - from) * eased).toFixed(2), currency)
      frame = requestAnimationFrame(step)
    }
    frame = requestAnimationFrame(step)
  }

  return {
    show(account) {
      if (account?.balance === target?.balance && account?.currency === target?.currency) return
      cancelAnimationFrame(frame)
      const before = target
      target = account
      const text = account === undefined ? '–' : formatMoneyText(account.balance, account.currency)
      byId('balance').textContent = text
      const canCount = before !== undefined && before.currency === account?.currency
      if (account === undefined || !canCount || reducedMotion.matches || document.hidden) showMoney(figure, text)
      else {
        count(Number(before.balance), account)
        showGain(before.balance, account)
      }
    },
  }
}

/** Shows the gain next to the balance for a moment; further gains in this time are added. */
function createGain(): (before: string, account: AccountView) => void {
  const gain = byId('balance-gain')
  let from: string | undefined
  gain.addEventListener('animationend', () => {
    from = undefined
    gain.hidden = true
  })
  return (before, { balance, currency }) => {
    from ??= before
    const amount = parseMoney(balance) - parseMoney(from)
    gain.hidden = amount <= 0n
    if (gain.hidden) from = undefined
    else gain.textContent = `+${formatMoneyText(formatMoney(amount), currency)}`
    gain.dataset['flash'] = gain.dataset['flash'] === 'a' ? 'b' : 'a'
  }
}
