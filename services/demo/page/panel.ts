import type { ConnectionStatus } from '@paxyo/browser-client'
import { PAGE_ORDERS_MAX } from '@paxyo/contracts/data'
import { followStream } from './follow.ts'
import { scheduleFrame } from './frame.ts'
import type { Notice } from './state/notices.ts'
import { FIRST_CHOICE, listOrders, type ListChoice } from './state/order-list.ts'
import type { PanelState } from './state/panel-state.ts'
import type { Change } from './state/reduce.ts'
import { loadState, saveState } from './state/saved-state.ts'
import { createStore } from './state/store.ts'
import { toastsFor } from './state/toasts.ts'
import { storeOf } from './storage.ts'
import { startLanguage } from './text/language.ts'
import { createLiveRegion } from './view/live-region.ts'
import { createConnectionPill } from './view/connection-pill.ts'
import { createDesktopNotifications } from './view/desktop-notifications.ts'
import { listenToKeyboard } from './view/keyboard.ts'
import { createLanguageSelect } from './view/language-select.ts'
import { createListControls, sortingBy } from './view/list-controls.ts'
import { createNotificationCentre } from './view/notification-centre.ts'
import { createOlderOrders } from './view/older-orders.ts'
import { createOrderTable } from './view/order-table.ts'
import { createOverview } from './view/overview.ts'
import { showProblem } from './view/problem.ts'
import { createRefundHistory } from './view/refund-history.ts'
import { createSimulator } from './view/simulator.ts'
import { createThemeSwitch } from './view/theme-switch.ts'
import { refreshTimes } from './view/time-ago.ts'
import { createToasts } from './view/toasts.ts'
import { createWebhookTrace } from './view/webhook-trace.ts'

const SAVE_DELAY_MS = 500
const SAVE_DELAY_MS_MAX = 2_000
const TIMES_INTERVAL_MS = 15_000

const {
  userId = '',
  socketUrl = `${location.origin.replace(/^http/, 'ws')}/ws`,
  actions,
  trace,
} = document.body.dataset
const hasActions = actions === 'on'

await startLanguage(document.documentElement.lang)

let choice: ListChoice = FIRST_CHOICE
let selectedId: string | undefined

const session = storeOf('sessionStorage')
const local = storeOf('localStorage')
const store = createStore(loadState(session, userId), scheduleFrame, onStep)
const overview = createOverview()
const simulator = hasActions ? createSimulator() : undefined
const webhookTrace = trace === 'on' ? createWebhookTrace() : undefined
const refunds = createRefundHistory()
const centre = createNotificationCentre(() => store.push({ type: 'read' }))
const toasts = createToasts()
const liveRegion = createLiveRegion()
const desktop = createDesktopNotifications(local)
const pill = createConnectionPill()
const controls = createListControls(choose)
const olderOrders = createOlderOrders(loadOlder)
const table = createOrderTable({
  isSelectable: hasActions,
  onSort: (key) => choose(key === choice.sort ? { descending: !choice.descending, page: 0 } : sortingBy(key)),
  onSelect(orderId) {
    selectedId = selectedId === orderId ? undefined : orderId
    showList()
  },
})

/** Loads pages until one has an order that is not here yet. */
async function loadOlder(first: string): Promise<void> {
  let before: string | undefined = first
  let isNew = false
  while (before !== undefined && !isNew) {
    const { orders, older } = await client.page({ before, limit: PAGE_ORDERS_MAX })
    isNew = orders.some(({ orderId }) => !store.state.orders.has(orderId))
    store.push({ type: 'page', orders, older })
    before = older
  }
}

function choose(change: Partial<ListChoice>): void {
  choice = { ...choice, ...change }
  showList()
}

function showList(): void {
  const page = listOrders(store.state.orders, choice, store.state.totals)
  table.show(page, choice, selectedId)
  controls.show(page, choice, store.state.orders.size === 0)
  simulator?.show(store.state, selectedId)
  olderOrders.show(store.state)
}

function show(state: PanelState): void {
  overview.show(state)
  refunds.show(state)
  centre.show(state)
  showList()
}

function onStep(state: PanelState, before: PanelState, changes: readonly Change[]): void {
  show(state)
  table.flash(new Set(changes.flatMap((change) => (change.type === 'order' ? [change.order.orderId] : []))))
  const updated = changes.findLast((change) => change.type === 'order' && !change.isNew)
  if (updated?.type === 'order') webhookTrace?.changed(updated.seq, updated.order)
  const fresh = toastsFor(noticesSince(state, before))
  toasts.show(fresh)
  liveRegion.announce(fresh)
  desktop.notify(fresh)
  saveSoon()
}

/** Oldest first. A snapshot of another stream causes no notices. */
function noticesSince({ notices, position }: PanelState, before: PanelState): Notice[] {
  if (before.position === undefined || before.position.epoch !== position?.epoch) return []
  const { seq } = before.position
  const known = notices.findIndex((notice) => notice.seq <= seq)
  return notices.slice(0, known === -1 ? undefined : known).toReversed()
}

let isSaving = false
function save(): void {
  isSaving = false
  saveState(session, userId, store.state)
}
/** When the browser is idle: without the save, a reload only has to catch up on more events. */
function saveSoon(): void {
  if (isSaving) return
  isSaving = true
  setTimeout(() => {
    // Not every browser reports idle time.
    if ('requestIdleCallback' in globalThis) requestIdleCallback(save, { timeout: SAVE_DELAY_MS_MAX })
    else save()
  }, SAVE_DELAY_MS)
}
addEventListener('pagehide', () => {
  store.flush()
  save()
})

document.addEventListener('visibilitychange', () => {
  // A frame that was requested before does not run while the page is hidden.
  store.flush()
  refreshTimes()
})
setInterval(refreshTimes, TIMES_INTERVAL_MS)

function onStatus(status: ConnectionStatus): void {
  pill.show(status)
  showProblem(status, store.state.position !== undefined)
}

createThemeSwitch(local)
createLanguageSelect()
listenToKeyboard(() => toasts.dismissAll())
if (store.state.position !== undefined) show(store.state)
const client = followStream({
  userId,
  url: socketUrl,
  position: store.state.position,
  onChange: (change) => store.push(change),
  onStatus,
})
