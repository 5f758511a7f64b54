import type { LightMyRequestResponse } from 'fastify'
import { API_KEY, type IngestFixture } from './ingest-fixture.ts'

/** Asks the panel's API, with a key that is good. */
export function apiClient(ingest: () => IngestFixture) {
  const ask = (
    method: 'GET' | 'POST',
    url: string,
    payload?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<LightMyRequestResponse> =>
    ingest().app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${API_KEY}`, ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
  return {
    get: (url: string) => ask('GET', url),
    post: (url: string, payload?: object, headers?: Readonly<Record<string, string>>) =>
      ask('POST', url, payload, headers),
  }
}
