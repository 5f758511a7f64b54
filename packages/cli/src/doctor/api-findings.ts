import { Failure } from '../failure.ts'
import { explainNetworkError } from '../explain-network-error.ts'
import { failed, ok, skipped, type Finding } from './finding.ts'

const TIMEOUT_MS = 5_000

/** Whether webhook-ingest answers at PAXYO_URL, is ready, and knows our key. */
export async function apiFindings({ url, key }: { url: string; key: string | undefined }): Promise<readonly Finding[]> {
  const ask = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(new URL(path, url), { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  try {
    const ready = await ask('/readyz')
    if (ready.status === 404) {
      return [failed('api', `${url} answers, but is not webhook-ingest`, 'Correct PAXYO_URL.')]
    }
    if (!ready.ok) {
      const said = (await ready.text()).slice(0, 200)
      return [
        failed(
          'api',
          `webhook-ingest is not ready: ${said}`,
          'Its log says more; PostgreSQL must be reachable for it.',
        ),
      ]
    }
    return [ok('api', `webhook-ingest at ${url} is ready`), await keyFinding(ask, key)]
  } catch (error) {
    const failure =
      explainNetworkError(error, 'webhook-ingest', new URL(url), 'PAXYO_URL') ??
      new Failure('unreachable', `${url}: ${(error as Error).message}`)
    return [failed('api', failure.message, failure.hint ?? 'Correct PAXYO_URL.')]
  }
}

/** An order that nobody has: 404 for who may ask, 401 for who may not. */
async function keyFinding(
  ask: (path: string, headers: Record<string, string>) => Promise<Response>,
  key: string | undefined,
): Promise<Finding> {
  if (key === undefined) return skipped('api-key', 'PAXYO_API_KEY is not set')
  const { status } = await ask('/v1/orders/paxyo-doctor', { authorization: `Bearer ${key}` })
  if (status !== 401 && status !== 403) return ok('api-key', 'the key is known')
  return failed('api-key', 'webhook-ingest does not know PAXYO_API_KEY', 'Make one: paxyo keys create.')
}
