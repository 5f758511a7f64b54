import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createPanelClient, PanelApiError, type PanelClient, type PanelClientOptions } from '@paxyo/panel-client'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// What becomes of requests when a server, or the way to it, misbehaves.

type Behaviour = (response: ServerResponse, request: IncomingMessage) => void

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
const problem = (status: number, code: string, headers?: Record<string, string>): Behaviour =>
  json(status, { type: `urn:paxyo:error:${code}`, title: 'No.', status, code }, headers)
const reset: Behaviour = (_response, request) => void request.socket.destroy()
const silence: Behaviour = () => undefined

let server: Server
let behaviours: Behaviour[]
let received: { readonly url: string; readonly key: string | undefined; readonly authorization: string | undefined }[]
beforeEach(async () => {
  behaviours = []
  received = []
  server = createServer((request, response) => {
    request.resume()
    const { 'idempotency-key': key, authorization } = request.headers
    received.push({ url: request.url!, key: key as string | undefined, authorization })
    behaviours[Math.min(received.length, behaviours.length) - 1]!(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const client = (options: Partial<PanelClientOptions> = {}): PanelClient =>
  createPanelClient({ url: url(), apiKey: 'a-key', ...options })
const mint = (panel: PanelClient): Promise<unknown> => panel.tokens.mint({ userId: 'ann' })

async function rejectionOf(request: Promise<unknown>): Promise<PanelApiError> {
  const [result] = await Promise.allSettled([request])
  if (result.status === 'fulfilled') throw new Error('it succeeded')
  return result.reason as PanelApiError
}

describe('a failure that may pass', () => {
  test('is retried, with the same Idempotency-Key each time', async () => {
    behaviours = [problem(503, 'queue_full', { 'retry-after': '0' }), reset, json(201, { token: 'a-token' })]
    expect(await mint(client())).toEqual({ token: 'a-token' })
    expect(received.map(({ authorization }) => authorization)).toEqual(['Bearer a-key', 'Bearer a-key', 'Bearer a-key'])
    const keys = new Set(received.map(({ key }) => key))
    expect([...keys]).toEqual([expect.stringMatching(/^[\da-f-]{36}$/)])
    await mint(client())
    expect(keys).not.toContain(received.at(-1)!.key)
  })

  test.each([
    ['a key in use', problem(409, 'idempotency_key_in_use')],
    ['a gateway without a server behind it', json(502, '<html>')],
    ['an unexpected error', problem(500, 'internal_error')],
  ])('%s', async (_name, behaviour) => {
    behaviours = [behaviour, json(200, { data: [], nextCursor: null })]
    expect(await client().orders.listPage()).toEqual({ data: [], nextCursor: null })
    expect(received).toHaveLength(2)
  })

  test('is reported in the end', async () => {
    behaviours = [problem(503, 'database_unavailable', { 'retry-after': '0' })]
    const error = await rejectionOf(mint(client({ retries: 1 })))
    expect(error).toBeInstanceOf(PanelApiError)
    expect(error).toMatchObject({ code: 'database_unavailable', status: 503, retryAfterMs: 0 })
    expect(received).toHaveLength(2)
  })

  test('is left to the caller when the API asks for a long pause', async () => {
    behaviours = [problem(503, 'queue_full', { 'retry-after': '60' })]
    expect(await rejectionOf(mint(client()))).toMatchObject({ code: 'queue_full', retryAfterMs: 60_000 })
    expect(received).toHaveLength(1)
  })
})

describe('a failure that does not pass', () => {
  test.each<[string, Behaviour, object]>([
    ['a conflict', problem(409, 'order_conflict'), { code: 'order_conflict', status: 409 }],
    ['a code of a newer server', problem(403, 'key_lacks_scope'), { code: 'key_lacks_scope', status: 403 }],
    ['no secret for tokens', problem(501, 'token_minting_off'), { code: 'token_minting_off', status: 501 }],
    ['another server', json(404, '<html>'), { code: 'unexpected_response', status: 404 }],
    ['a page in place of JSON', (response) => response.end('<html>'), { code: 'unexpected_response', status: 200 }],
    ['a redirect', json(307, {}, { location: '/elsewhere' }), { code: 'unexpected_response', status: 307 }],
    [
      'more than any response holds',
      (response) => response.end(Buffer.alloc(17 * 1024 * 1024, ' ')),
      { code: 'unexpected_response', status: 200 },
    ],
  ])('%s', async (_name, behaviour, expected) => {
    behaviours = [behaviour]
    expect(await rejectionOf(client().orders.get('A-1'))).toMatchObject(expected)
    expect(received.map(({ url: path }) => path)).toEqual(['/v1/orders/A-1'])
  })
})

test('no response in time, and no server', async () => {
  behaviours = [silence]
  const late = await rejectionOf(client({ timeoutMs: 1_000, retries: 1 }).orders.get('A-1'))
  expect(late).toMatchObject({ code: 'timed_out', status: undefined })
  expect(received).toHaveLength(2)

  const nowhere = client({ retries: 0 })
  await new Promise((resolve) => {
    server.closeAllConnections()
    server.close(resolve)
  })
  const unreachable = await rejectionOf(nowhere.orders.get('A-1'))
  expect(unreachable).toMatchObject({ code: 'unreachable', status: undefined })
  expect(unreachable.message).not.toContain('a-key')
})

test('a signal ends a request, and the pause before a retry', async () => {
  const controller = new AbortController()
  behaviours = [
    (response, request) => {
      problem(503, 'queue_full', { 'retry-after': '9' })(response, request)
      response.once('close', () => controller.abort())
    },
  ]
  const error = await rejectionOf(mint(client({ signal: controller.signal })))
  expect(error.name).toBe('AbortError')
  expect(received).toHaveLength(1)
})

test('fetch, the path of the URL, and the own key of a caller', async () => {
  const requests: Request[] = []
  const panel = client({
    url: 'https://panel.example.com/paxyo',
    fetch: async (input, init) => {
      requests.push(new Request(input, init))
      return Response.json({ account: {} })
    },
  })
  await panel.accounts.deposit('a/b', { amount: '1', currency: 'USD' }, { idempotencyKey: 'payment-1' })
  expect(requests.map((request) => [request.method, request.url, request.headers.get('idempotency-key')])).toEqual([
    ['POST', 'https://panel.example.com/paxyo/v1/accounts/a%2Fb/deposits', 'payment-1'],
  ])
})
