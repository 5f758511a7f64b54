import { Failure } from '../failure.ts'
import { explainNetworkError } from '../explain-network-error.ts'
import { failed, ok, skipped, type Diagnostic } from './diagnostic.ts'

const TIMEOUT_MS = 5_000

/** Checks that webhook-ingest responds at PAXYO_URL, is ready, and knows PAXYO_API_KEY. */
export async function diagnoseApi({
  url,
  key,
}: {
  url: string
  key: string | undefined
}): Promise<readonly Diagnostic[]> {
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(new URL(path, url), { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  try {
    const ready = await get('/readyz')
    if (ready.status === 404) {
      return [failed('api', `${url} responds, but is not webhook-ingest`, 'Correct PAXYO_URL.')]
    }
    if (!ready.ok) {
      const detail = (await ready.text()).slice(0, 200)
      return [
        failed('api', `webhook-ingest is not ready: ${detail}`, 'Check its log; it must be able to reach PostgreSQL.'),
      ]
    }
    return [ok('api', `webhook-ingest at ${url} is ready`), await diagnoseKey(get, key)]
  } catch (error) {
    const failure =
      explainNetworkError(error, 'webhook-ingest', new URL(url), 'PAXYO_URL') ??
      new Failure('unreachable', `${url}: ${(error as Error).message}`)
    return [failed('api', failure.message, failure.hint ?? 'Correct PAXYO_URL.')]
  }
}

/** Asks for an order that does not exist: 404 with a valid key, 401 without one. */
async function diagnoseKey(
  get: (path: string, headers: Record<string, string>) => Promise<Response>,
  key: string | undefined,
): Promise<Diagnostic> {
  if (key === undefined) return skipped('api-key', 'PAXYO_API_KEY is not set')
  const { status } = await get('/v1/orders/paxyo-doctor', { authorization: `Bearer ${key}` })
  if (status !== 401 && status !== 403) return ok('api-key', 'the key is valid')
  return failed('api-key', 'webhook-ingest does not know PAXYO_API_KEY', 'Create one: paxyo keys create.')
}
