export interface PageHandlers {
  readonly online: () => void
  readonly offline: () => void
  /** The page is visible again. */
  readonly woke: () => void
  /** The page is suspended and may be resumed: it must not hold a lock that other tabs wait for. */
  readonly suspend: () => void
  readonly resume: () => void
}

/** Observes the page's lifecycle, if there is a page. */
export function followPage(handlers: PageHandlers): () => void {
  const abort = new AbortController()
  const listen = (target: EventTarget | undefined, type: string, listener: () => void): void =>
    target?.addEventListener?.(type, listener, { signal: abort.signal })
  const { window: page, document: content } = globalThis as Partial<typeof globalThis>
  listen(page, 'online', handlers.online)
  listen(page, 'offline', handlers.offline)
  // The page either goes into the back/forward cache or is closed; which one is unknown until `pageshow`.
  listen(page, 'pagehide', handlers.suspend)
  listen(page, 'pageshow', handlers.resume)
  listen(content, 'freeze', handlers.suspend)
  listen(content, 'resume', handlers.resume)
  listen(content, 'visibilitychange', () => content!.visibilityState === 'visible' && handlers.woke())
  return () => abort.abort()
}

export function isPageHidden(): boolean {
  return (globalThis as Partial<typeof globalThis>).document?.visibilityState === 'hidden'
}

/** Whether the browser reports a network; true if it reports nothing. */
export function isOnline(): boolean {
  return (navigator as Partial<Navigator>).onLine ?? true
}
