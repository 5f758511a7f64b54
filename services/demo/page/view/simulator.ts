import type { OrderView } from '@paxyo/browser-client'
import type { PanelState } from '../state/panel-state.ts'
import { filterOf } from '../state/order-list.ts'
import { t } from '../text/language.ts'
import { byId, setText } from './element.ts'
import { formatOrder, formatStatusInText } from './format.ts'

const BURST_COUNT = 50

export interface Simulator {
  /** @param selectedId the order that the buttons are for; without one it is the newest open order. */
  show(state: PanelState, selectedId: string | undefined): void
}

/** The buttons that make the provider send webhooks. They exist only if the server has a simulated provider. */
export function createSimulator(): Simulator {
  const section = byId('simulator')
  const buttons = [...section.querySelectorAll<HTMLButtonElement>('[data-action]')]
  let target: OrderView | undefined

  async function run(action: string): Promise<void> {
    const problem = byId('simulator-problem')
    try {
      if (action === 'burst') await post('/demo/actions/burst', { count: BURST_COUNT })
      else if (action === 'new') await post('/demo/actions/new-order', {})
      else if (target !== undefined) await post('/demo/actions/act', { action, orderId: target.orderId })
      setText(problem, '')
    } catch (error) {
      setText(problem, t('actionFailed', { reason: (error as Error).message }))
    }
  }
  for (const button of buttons) {
    button.addEventListener('click', () => {
      if (button.ariaBusy === 'true') return
      button.ariaBusy = 'true'
      void run(button.dataset['action']!).finally(() => (button.ariaBusy = 'false'))
    })
  }

  return {
    show({ orders }, selectedId) {
      target = (selectedId === undefined ? undefined : orders.get(selectedId)?.order) ?? newestOpen(orders)
      const isChosen = target !== undefined && target.orderId === selectedId
      for (const button of buttons) {
        const needsTarget = button.dataset['action'] !== 'burst' && button.dataset['action'] !== 'new'
        button.disabled = needsTarget && target === undefined
      }
      setText(byId('simulator-target'), targetText(target, isChosen))
    },
  }
}

function targetText(target: OrderView | undefined, isChosen: boolean): string {
  if (target === undefined) return t('noTarget')
  const order = `${formatOrder(target)} (${formatStatusInText(target.status)})`
  return t(isChosen ? 'selectedTarget' : 'newestTarget', { order })
}

function newestOpen(orders: PanelState['orders']): OrderView | undefined {
  let newest: { readonly order: OrderView; readonly rank: number } | undefined
  for (const ranked of orders.values()) {
    const isOpen = filterOf(ranked.order.status) === 'open'
    if (isOpen && (newest === undefined || ranked.rank > newest.rank)) newest = ranked
  }
  return newest?.order
}

async function post(path: string, body: unknown): Promise<void> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Error(t('serverUnreachable'))
  })
  if (response.ok) return
  const { title } = (await response.json().catch(() => ({}))) as { title?: string }
  throw new Error(title ?? t('serverResponded', { status: String(response.status) }))
}
