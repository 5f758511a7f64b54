import { createPanelClient, PanelApiError, type PanelClient } from '@paxyo/panel-client'
import type { Cli } from '../cli.ts'
import type { ExitReason } from '../exit-codes.ts'
import { explainNetworkError } from '../explain-network-error.ts'
import { Failure } from '../failure.ts'
import { settings } from '../settings.ts'

const TIMEOUT_MS = 30_000
/** Few: a person is waiting. */
const RETRIES = 2

/**
 * Calls the panel API at PAXYO_URL with PAXYO_API_KEY.
 *
 * @throws Failure with the API's message when it rejects a request, and when it cannot be reached.
 */
export async function withPanelApi<T>({ env, signal }: Cli, use: (api: PanelClient) => Promise<T>): Promise<T> {
  const { PAXYO_URL: url, PAXYO_API_KEY: apiKey } = await settings(env, ['PAXYO_URL', 'PAXYO_API_KEY'])
  try {
    return await use(createPanelClient({ url, apiKey, timeoutMs: TIMEOUT_MS, retries: RETRIES, signal }))
  } catch (error) {
    throw error instanceof PanelApiError ? explain(error, new URL(url)) : error
  }
}

function explain(error: PanelApiError, url: URL): Failure {
  const { code, message, status, cause } = error
  if (code === 'unexpected_response') {
    return new Failure('rejected', message, 'PAXYO_URL must be the address of webhook-ingest.')
  }
  if (status === undefined) {
    return (
      explainNetworkError(cause, 'webhook-ingest', url, 'PAXYO_URL') ??
      new Failure('unreachable', message, undefined, { cause: error })
    )
  }
  if (status === 401) return new Failure('rejected', message, 'Set PAXYO_API_KEY to an active key: paxyo keys create.')
  return new Failure(reasonOf(status), message)
}

function reasonOf(status: number): ExitReason {
  if (status === 404) return 'not_found'
  return status >= 500 ? 'unreachable' : 'rejected'
}
