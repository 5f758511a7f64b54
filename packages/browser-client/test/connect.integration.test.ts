import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, mintToken } from '@paxyo/testkit'
import { connect, type ClientEvent } from '@paxyo/browser-client'
import { startGateway, type GatewayFixture } from '../../../services/ws-gateway/test/gateway-fixture.ts'

let gateway: GatewayFixture
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

test('a page of an origin that is not allowed learns it', async () => {
  const NodeSocket = globalThis.WebSocket
  // A browser sends the page's origin.
  globalThis.WebSocket = class extends NodeSocket {
    constructor(url: string | URL) {
      super(url, { headers: { origin: 'https://evil.example' } } as unknown as string[])
    }
  }
  const nodeFetch = globalThis.fetch
  globalThis.fetch = (input, init) => nodeFetch(input, { ...init, headers: { origin: 'https://evil.example' } })
  try {
    const client = connect({ url: `${gateway.url}/ws`, token: await mintToken('ann'), share: 'none' })
    await eventually(() => client.status.error?.code === 'origin_not_allowed')
    expect(client.status).toMatchObject({ state: 'connecting', error: { final: false } })
    client.close()
  } finally {
    Object.assign(globalThis, { WebSocket: NodeSocket, fetch: nodeFetch })
  }
})

test('a snapshot, then each event once and in order', async () => {
  await gateway.ingest.openAccount('ann', { balance: '5' })
  await gateway.ingest.insertOrder('ann', { orderId: 'A-1' })
  const client = connect({ url: `${gateway.url}/ws`, token: await mintToken('ann'), share: 'none' })
  const events: ClientEvent[] = []
  for (const type of ['snapshot', 'order', 'account'] as const) client.on(type, (event) => events.push(event))
  await eventually(() => client.status.state === 'live')
  await gateway.ingest.commitAndPublish('ann', 3)
  await eventually(() => client.position?.seq === 3)

  expect(events).toMatchObject([
    { type: 'snapshot', account: { balance: '5' }, orders: [{ orderId: 'A-1' }], position: { seq: 0 } },
    { type: 'order', event: 'order.updated', seq: 1, order: { orderId: 'A-ann' }, account: { balance: '6' } },
    { type: 'account', seq: 1, account: { balance: '6' } },
    { type: 'order', seq: 2 },
    { type: 'account', seq: 2 },
    { type: 'order', seq: 3 },
    { type: 'account', seq: 3 },
  ])
  client.close()
  expect(client.status).toMatchObject({ state: 'closed' })
})
