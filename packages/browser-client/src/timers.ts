/** Named timers by the wall clock. */
export interface Timers<Name extends string> {
  /** Sets a timer, or leaves it when it is due at that time already. */
  set(name: Name, atMs: number, onDue: () => void): void
  clear(name: Name): void
  /** When a timer is due, in ms since 1970; undefined when it is not set. */
  dueAtMs(name: Name): number | undefined
}

/** setTimeout accepts 31 bits. */
const TIMER_MS_MAX = 2 ** 31 - 1

export function createTimers<Name extends string>(): Timers<Name> {
  const timers = new Map<Name, { readonly atMs: number; readonly id: ReturnType<typeof setTimeout> }>()

  function clear(name: Name): void {
    clearTimeout(timers.get(name)?.id)
    timers.delete(name)
  }

  function set(name: Name, atMs: number, onDue: () => void): void {
    if (timers.get(name)?.atMs === atMs) return
    clear(name)
    const delayMs = atMs - Date.now()
    const fire = (): void => {
      timers.delete(name)
      if (delayMs > TIMER_MS_MAX) set(name, atMs, onDue)
      else onDue()
    }
    timers.set(name, { atMs, id: setTimeout(fire, Math.min(delayMs, TIMER_MS_MAX)) })
  }

  return { set, clear, dueAtMs: (name) => timers.get(name)?.atMs }
}
