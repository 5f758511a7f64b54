import { ClientError } from './client-error.ts'

const TIMEOUT_MS = 10_000

/**
 * Asks the server why it rejects WebSockets: browsers do not report it to pages, but a `fetch` of the same URL does.
 *
 * @returns undefined when nothing is known: the server is away, is older, or would accept one now.
 */
export async function askWhy(url: string): Promise<{ error: ClientError; retryAfterMs: number } | undefined> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS)
  try {
    const options = { credentials: 'omit', cache: 'no-store', signal: abort.signal } as const
    const response = await fetch(url.replace(/^ws/, 'http'), options)
    const { code, title } = (await response.json()) as { code?: unknown; title?: unknown }
    if (typeof code !== 'string' || code === 'upgrade_required') return undefined
    const retryAfterS = Number(response.headers.get('retry-after'))
    return { error: new ClientError(code, String(title)), retryAfterMs: retryAfterS * 1000 || 0 }
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
