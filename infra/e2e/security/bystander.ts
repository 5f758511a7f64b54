import { connectSocket, eventually, mintToken, type TestSocket } from '@paxyo/testkit'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from './attack.ts'

const INTERVAL_MS = 100
const QUANTILE = 0.99
const TOKEN_S = 6 * 3_600
const QUANTITY = 1_000_000_000
const USER = 'bystander'
/** Not that of the attackers: the services tell clients apart by their addresses. */
const ADDRESS = '127.0.0.2'

/** What a client that attacks nothing notices. */
export interface Noticed {
  readonly samples: number
  readonly failures: number
  /** How often each reason was seen. */
  readonly reasons: Readonly<Record<string, number>>
  /** Of a read of the panel API. */
  readonly ingestMsP99: number
  /** Of a check of the connection. */
  readonly gatewayMsP99: number
  /** From a webhook to its event on an open page. */
  readonly eventMsP99: number
}

/** Uses both services ten times a second, as the panel, the provider and a page of one user, until it is stopped. */
export async function watchAsBystander(target: Target, isOver: () => boolean): Promise<Noticed> {
  await registerOrder(target)
  const [ofIngest, ofGateway, ofEvents]: [number[], number[], number[]] = [[], [], []]
  const reasons: Record<string, number> = {}
  const failed = (reason: string): void => void (reasons[reason] = (reasons[reason] ?? 0) + 1)
  const measure = async (times: number[], work: () => Promise<void>): Promise<void> => {
    const startedAt = performance.now()
    await work().catch((error: Error) => failed(error.message))
    times.push(performance.now() - startedAt)
  }
  let client: TestSocket | undefined
  for (let remains = QUANTITY - 1; !isOver(); remains -= 1) {
    try {
      if (client === undefined || !isOpen(client)) client = await connect(target)
    } catch (error) {
      failed(`connect: ${(error as Error).message}`)
      await sleep(INTERVAL_MS)
      continue
    }
    const page = client
    await Promise.all([
      measure(ofIngest, () => askIngest(target)),
      measure(ofGateway, () => askGateway(page)),
      measure(ofEvents, () => awaitEvent(target, page, remains)),
      sleep(INTERVAL_MS),
    ])
  }
  client?.close()
  return {
    samples: ofIngest.length,
    failures: Object.values(reasons).reduce((sum, count) => sum + count, 0),
    reasons,
    ingestMsP99: quantile(ofIngest),
    gatewayMsP99: quantile(ofGateway),
    eventMsP99: quantile(ofEvents),
  }
}

async function connect({ gatewayUrl }: Target): Promise<TestSocket> {
  const client = await connectSocket(gatewayUrl, {
    localAddress: ADDRESS,
    token: await mintToken(USER, { expiresInS: TOKEN_S }),
    // Each check shows that it is alive; a pong to every ping would be too many messages.
    respondsToPings: false,
  })
  // A page that is disconnected before it is live connects again.
  await eventually(() => !isOpen(client) || client.messages.some(({ type }) => type === 'welcome'))
  return client
}

async function registerOrder({ ingestUrl, panelKey }: Target): Promise<void> {
  const order = { orderId: USER, providerOrderId: USER, userId: USER, service: 'Likes', link: 'https://example.com/a' }
  const body = { ...order, quantity: QUANTITY, charge: '2.5', currency: 'USD' }
  await send('register', `${ingestUrl}/v1/orders`, { panelKey, body })
}

const askIngest = ({ ingestUrl, panelKey }: Target): Promise<void> =>
  send('read', `${ingestUrl}/v1/orders?limit=1`, { panelKey })

const agent = new Agent({ keepAlive: true })

/** A POST when it has a body. @throws an error that says what it was for, unless it was successful. */
async function send(
  purpose: string,
  url: string,
  { panelKey, body }: { readonly panelKey?: string; readonly body?: object },
): Promise<void> {
  const headers = {
    ...(panelKey === undefined ? {} : { authorization: `Bearer ${panelKey}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const method = body === undefined ? 'GET' : 'POST'
  const sent = request(url, { agent, localAddress: ADDRESS, method, headers })
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  await text(response)
  const { statusCode = 0 } = response
  if (statusCode < 200 || statusCode > 299) throw new Error(`${purpose}: ${statusCode}`)
}

const isOpen = ({ socket }: TestSocket): boolean => socket.readyState === socket.OPEN

async function askGateway(client: TestSocket): Promise<void> {
  const { pings } = client
  client.send({ type: 'check' })
  while (client.pings === pings) await waitOpen(client, 'check')
}

async function awaitEvent({ ingestUrl, webhookToken }: Target, client: TestSocket, remains: number): Promise<void> {
  const { length } = client.messages
  const body = { order_id: USER, status: 'In progress', remains }
  await send('webhook', `${ingestUrl}/webhooks/godofpanel/${webhookToken}`, { body })
  while (client.messages.length === length) await waitOpen(client, 'event')
}

async function waitOpen(client: TestSocket, awaited: string): Promise<void> {
  if (!isOpen(client)) throw new Error(`${awaited}: closed with ${(await client.closed()).code}`)
  await sleep(1)
}

function quantile(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * QUANTILE))] ?? 0)
}
