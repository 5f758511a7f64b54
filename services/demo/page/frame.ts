import type { Schedule } from './state/store.ts'

/** A hidden page has no frames, but its title and notifications must stay current. */
const HIDDEN_DELAY_MS = 200

/** Runs a task before the next frame, or soon if the page is hidden. */
export const scheduleFrame: Schedule = (task) => {
  if (document.hidden) {
    const timer = setTimeout(task, HIDDEN_DELAY_MS)
    return () => clearTimeout(timer)
  }
  const frame = requestAnimationFrame(task)
  return () => cancelAnimationFrame(frame)
}
