/**
 * Says whether a page of some origin may connect. Browsers always say where a page is from; what says nothing is no
 * browser, so no page can make it use somebody's session, and it needs a token like everybody.
 *
 * @param allowed origins such as `https://panel.example.com`; `*` allows all.
 */
export function createOriginCheck(allowed: readonly string[]): (origin: string | undefined) => boolean {
  const origins = new Set(allowed.map((origin) => origin.toLowerCase().replace(/\/$/, '')))
  return (origin) => origin === undefined || origins.has('*') || origins.has(origin.toLowerCase())
}
