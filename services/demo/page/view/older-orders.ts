import type { PanelState } from '../state/panel-state.ts'
import { byId } from './element.ts'

/** A button that loads the next older orders, while there are any. @param load loads those from a place on. */
export function createOlderOrders(load: (before: string) => Promise<void>): { show(state: PanelState): void } {
  const button = byId('older', 'button')
  let older: string | undefined
  let isLoading = false

  async function loadNext(before: string): Promise<void> {
    isLoading = true
    button.ariaBusy = 'true'
    try {
      await load(before)
    } catch {
      // The connection pill shows why; the button can be used again.
    } finally {
      isLoading = false
      button.ariaBusy = 'false'
    }
  }
  button.addEventListener('click', () => {
    if (older !== undefined && !isLoading) void loadNext(older)
  })

  return {
    show(state) {
      older = state.older
      button.hidden = older === undefined
    },
  }
}
