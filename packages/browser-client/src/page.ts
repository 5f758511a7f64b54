import { attempt } from './attempt.ts'

export interface PageHandlers {
  readonly online: () => void
  readonly offline: () => void
  /** The page is visible again, or the device was asleep. */
  readonly woke: () => void
  /** The user looks at something else. */
  readonly hidden: () => void
  /** The device may use another network. */
  readonly networkChanged: () => void
  /** The page is suspended and may be resumed: it must not hold a lock that other tabs wait for. */
  readonly suspend: () => void
  readonly resume: () => void
}

/** The interval at which a visible page notices that it was asleep: no event reports that. */
const SLEEP_CHECK_MS = 2_000
const ASLEEP_MS_MIN = 3 * SLEEP_CHECK_MS

/** Observes the page's lifecycle, if there is a page. Browsers may lack any of these events. */
export function followPage(handlers: PageHandlers): () => void {
  const abort = new AbortController()
  const listen = (target: EventTarget | undefined, type: string, listener: () => void): void =>
    target?.addEventListener?.(type, listener, { signal: abort.signal })
  const page = attempt(() => (globalThis as Partial<typeof globalThis>).window)
  const content = pageDocument()
  listen(page, 'online', handlers.online)
  listen(page, 'offline', handlers.offline)
  // The page either goes into the back/forward cache or is closed; which one is unknown until `pageshow`.
  listen(page, 'pagehide', handlers.suspend)
  listen(page, 'pageshow', handlers.resume)
  listen(content, 'freeze', handlers.suspend)
  listen(content, 'resume', handlers.resume)
  listen(content, 'visibilitychange', () => (isPageHidden() ? handlers.hidden() : handlers.woke()))
  // Only some browsers have it.
  listen(
    attempt(() => (navigator as { readonly connection?: EventTarget }).connection),
    'change',
    handlers.networkChanged,
  )
  const stopSleepCheck = content === undefined ? undefined : watchSleep(handlers.woke)
  return () => {
    abort.abort()
    stopSleepCheck?.()
  }
}

function watchSleep(onWoke: () => void): () => void {
  let checkedAtMs = Date.now()
  const timer = setInterval(() => {
    const wasAsleep = Date.now() - checkedAtMs >= ASLEEP_MS_MIN
    checkedAtMs = Date.now()
    // Browsers also delay the timers of hidden pages.
    if (wasAsleep && !isPageHidden()) onWoke()
  }, SLEEP_CHECK_MS)
  return () => clearInterval(timer)
}

function pageDocument(): Document | undefined {
  return attempt(() => (globalThis as Partial<typeof globalThis>).document)
}

export function isPageHidden(): boolean {
  return pageDocument()?.visibilityState === 'hidden'
}

/** Whether the browser reports a network; true if it reports nothing. */
export function isOnline(): boolean {
  return attempt(() => (navigator as Partial<Navigator>).onLine) ?? true
}
