import { Failure } from '../failure.ts'
import { explainNetworkError } from '../explain-network-error.ts'
import { failed, ok, skipped, warning, type Diagnostic } from '@paxyo/database/diagnostic'

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
    const keyDiagnostic = await diagnoseKey(get, key)
    const gateways = key === undefined || keyDiagnostic.status !== 'ok' ? [] : [await diagnoseGateways(get, key)]
    return [ok('api', `webhook-ingest at ${url} is ready`), keyDiagnostic, ...gateways]
  } catch (error) {
    const failure =
      explainNetworkError(error, 'webhook-ingest', new URL(url), 'PAXYO_URL') ??
      new Failure('unreachable', `${url}: ${(error as Error).message}`)
    return [failed('api', failure.message, failure.hint ?? 'Correct PAXYO_URL.')]
  }
}

/** Without this link everything works but the lists of connections and the receipts, so that its loss goes unnoticed. */
async function diagnoseGateways(
  get: (path: string, headers: Record<string, string>) => Promise<Response>,
  key: string,
): Promise<Diagnostic> {
  const response = await get('/v1/connections', { authorization: `Bearer ${key}` })
  if (response.status === 503) {
    return warning(
      'gateways',
      'webhook-ingest does not receive messages of the gateways over Redis',
      'Check Redis, and that webhook-ingest may subscribe: create the ACL file again with paxyo secrets, and load it.',
    )
  }
  const { gateways = [] } = (await response.json()) as { readonly gateways?: readonly unknown[] }
  return ok('gateways', `webhook-ingest is connected to ${gateways.length} gateways`)
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
