export interface PageHandlers {
  readonly online: () => void
  readonly offline: () => void
  /** Somebody looks at the page again. */
  readonly woke: () => void
  /** The page is put aside, to come back perhaps: it must hold nothing that others wait for. */
  readonly suspend: () => void
  readonly resume: () => void
}

/** Follows the life of the page, where there is one. */
export function followPage(handlers: PageHandlers): () => void {
  const abort = new AbortController()
  const listen = (target: EventTarget | undefined, type: string, listener: () => void): void =>
    target?.addEventListener?.(type, listener, { signal: abort.signal })
  const { window: page, document: content } = globalThis as Partial<typeof globalThis>
  listen(page, 'online', handlers.online)
  listen(page, 'offline', handlers.offline)
  // Into the back/forward cache, or gone for good: which one is not sure before it comes back.
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

/** What the browser believes; where it has no opinion there is a network. */
export function isOnline(): boolean {
  return (navigator as Partial<Navigator>).onLine ?? true
}
