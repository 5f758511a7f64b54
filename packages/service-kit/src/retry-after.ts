/**
 * A Retry-After header in milliseconds: seconds, or a date (RFC 9110, 10.2.3). `undefined` when it is neither.
 *
 * @example
 * retryAfterMs('2', Date.now()) //=> 2_000
 * retryAfterMs('soon', Date.now()) //=> undefined
 */
export function retryAfterMs(value: string | readonly string[] | undefined, nowMs: number): number | undefined {
  const text = typeof value === 'string' ? value : value?.[0]
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}
