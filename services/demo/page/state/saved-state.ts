import type { TextStore } from '../storage.ts'
import { EMPTY_STATE, type PanelState, type RankedOrder } from './panel-state.ts'

/** Raise it when the state's shape changes: then a state that an older page saved is ignored. */
const VERSION = 2
const KEY = 'paxyo-panel'

interface Saved {
  readonly version: number
  readonly userId: string
  readonly state: Omit<PanelState, 'orders'> & { readonly orders: readonly RankedOrder[] }
}

/**
 * Saves a state for the next page of this tab. Position and content are one item, so that they always match: a stream
 * that resumes from a position newer than the displayed state would skip the events in between.
 */
export function saveState(store: TextStore, userId: string, state: PanelState): void {
  const saved: Saved = { version: VERSION, userId, state: { ...state, orders: [...state.orders.values()] } }
  try {
    store.setItem(KEY, JSON.stringify(saved))
  } catch {
    // The storage is full or forbidden. Without a saved state the page takes a snapshot.
    forgetState(store)
  }
}

/** @returns the empty state if there is none, if it is another user's, or if it cannot be read. */
export function loadState(store: TextStore, userId: string): PanelState {
  try {
    const saved = JSON.parse(store.getItem(KEY) ?? 'null') as Saved | null
    if (saved === null || saved.version !== VERSION || saved.userId !== userId) return EMPTY_STATE
    const orders = new Map(saved.state.orders.map((ranked) => [ranked.order.orderId, ranked]))
    // JSON omits undefined values.
    return { ...EMPTY_STATE, ...saved.state, orders }
  } catch {
    return EMPTY_STATE
  }
}

export function forgetState(store: TextStore): void {
  try {
    store.removeItem(KEY)
  } catch {
    // A browser that forbids storage has no saved state.
  }
}
