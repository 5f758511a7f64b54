import { ClientError } from './client-error.ts'

/** Why a server rejects a connection, and when to retry. */
export interface Explanation {
  readonly error: ClientError
  readonly retryAfterMs: number
}

const TIMEOUT_MS = 10_000

/**
 * Asks the server why it rejects WebSockets: browsers do not report it to pages, but a `fetch` of the same URL does.
 *
 * @returns `blocked` when the server would accept one, so that something between blocks them; undefined when nothing is
 *   known: the server is away, or is older.
 */
export async function askWhy(url: string): Promise<Explanation | 'blocked' | undefined> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS)
  try {
    const options = { credentials: 'omit', cache: 'no-store', signal: abort.signal } as const
    const why = await readProblem(await fetch(url.replace(/^ws/, 'http'), options))
    return why?.error.code === 'upgrade_required' ? 'blocked' : why
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

/** @returns undefined when the response is not one of a gateway. */
export async function readProblem(response: Response): Promise<Explanation | undefined> {
  const { code, title } = (await response.json()) as { code?: unknown; title?: unknown }
  if (typeof code !== 'string') return undefined
  const retryAfterS = Number(response.headers.get('retry-after'))
  return { error: new ClientError(code, String(title)), retryAfterMs: retryAfterS * 1000 || 0 }
}
