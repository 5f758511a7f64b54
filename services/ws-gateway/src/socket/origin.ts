/**
 * Creates a check whether a page of an origin may connect. A request without the header is accepted: browsers always
 * send it, so the client is not a browser, and it needs a token like every client.
 *
 * @param allowed origins such as `https://panel.example.com`; `*` allows all.
 */
export function createOriginCheck(allowed: readonly string[]): (origin: string | undefined) => boolean {
  const origins = new Set(allowed.map((origin) => origin.toLowerCase().replace(/\/$/, '')))
  return (origin) => origin === undefined || origins.has('*') || origins.has(origin.toLowerCase())
}

/** Whether a page of this origin was loaded from the host that it requests, as the console is, which the same proxy serves. */
export function isSameOrigin(origin: string | undefined, host: string): boolean {
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}
