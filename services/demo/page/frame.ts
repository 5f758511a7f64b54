import type { Schedule } from './state/store.ts'

/** A hidden page has no frames; its title and its notifications need to be up to date all the same. */
const HIDDEN_DELAY_MS = 200

/** Before the next frame is drawn, or soon when nobody looks. */
export const scheduleFrame: Schedule = (task) => {
  if (document.hidden) {
    const timer = setTimeout(task, HIDDEN_DELAY_MS)
    return () => clearTimeout(timer)
  }
  const frame = requestAnimationFrame(task)
  return () => cancelAnimationFrame(frame)
}
