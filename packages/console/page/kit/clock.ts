import { signal } from '@preact/signals'

const TICK_MS = 1000

/** The time, for texts such as "12 s ago". It stops while the page is hidden. */
export const nowMs = signal(Date.now())

setInterval(() => {
  if (document.visibilityState === 'visible') nowMs.value = Date.now()
}, TICK_MS)
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') nowMs.value = Date.now()
})
