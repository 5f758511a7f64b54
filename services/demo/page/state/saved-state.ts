import type { TextStore } from '../storage.ts'
import { EMPTY_STATE, type PanelState, type RankedOrder } from './panel-state.ts'

/** Raise it when the state's shape changes: what an older page saved is then forgotten. */
const VERSION = 1
const KEY = 'paxyo-panel'

interface Saved {
  readonly version: number
  readonly userId: string
  readonly state: Omit<PanelState, 'orders'> & { readonly orders: readonly RankedOrder[] }
}

/**
 * Keeps a state for the next page of this tab. Position and content are one item, so that they are always in step: a
 * stream resumed after a position that is newer than what is shown would hide the events between them.
 */
export function saveState(store: TextStore, userId: string, state: PanelState): void {
  const saved: Saved = { version: VERSION, userId, state: { ...state, orders: [...state.orders.values()] } }
  try {
    store.setItem(KEY, JSON.stringify(saved))
  } catch {
    // Full, or forbidden: half a state would be worse than none, and without one the page takes a snapshot.
    forgetState(store)
  }
}

/** @returns the empty state when there is none, when it is somebody else's, or when it can't be read. */
export function loadState(store: TextStore, userId: string): PanelState {
  try {
    const saved = JSON.parse(store.getItem(KEY) ?? 'null') as Saved | null
    if (saved === null || saved.version !== VERSION || saved.userId !== userId) return EMPTY_STATE
    const orders = new Map(saved.state.orders.map((ranked) => [ranked.order.orderId, ranked]))
    // JSON leaves out what is undefined.
    return { ...EMPTY_STATE, ...saved.state, orders }
  } catch {
    return EMPTY_STATE
  }
}

export function forgetState(store: TextStore): void {
  try {
    store.removeItem(KEY)
  } catch {
    // A browser that forbids storage has nothing to forget.
  }
}
