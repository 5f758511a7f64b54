import { formatMoney, parseMoney } from '@paxyo/order-core'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTally, inParallel, type AttackOptions, type AttackResult, type Target } from './attack.ts'
import { createLeanClient, type LeanClient, type LeanResponse } from './lean-client.ts'

/** Requests without a response, those that wait for a connection included. */
const IN_FLIGHT_MAX = 9_000
/** The panel's server. HAProxy accepts 2,000 connections of an address. */
const CLIENT = { connectionsMax: 1_500, localAddress: '127.0.2.1' }
/** Afterwards as few at a time that none is rejected. */
const SETTLING_MAX = 50
/** As many as a request for registrations may have. */
const PREPARED_AT_ONCE = 1_000
const CHARGE = '2.5'
const DEPOSIT = '10'

export interface RaceOptions extends AttackOptions {
  /** The requests for each account: half of them deposits, half of them refunds and cancellations. */
  readonly contenders?: number
}

/**
 * The same money, asked for several times at once: deposits of one payment with equal and with different idempotency keys,
 * refunds and cancellations of one order by people and by its provider. They come at their rate, however late the responses
 * are. Afterwards each account must have exactly one deposit, and exactly the charge of its order back.
 */
export async function attackWithRaces(options: RaceOptions): Promise<AttackResult> {
  const { random, inputs, perSecondMax = Infinity, isOver, contenders = 12 } = options
  const target: RacedTarget = { ...options.target, client: createLeanClient(options.target.ingestUrl, CLIENT) }
  const tally = createTally('money races')
  const run = random.below(1_000_000_000).toString(36)
  const rounds = Math.max(1, Math.round(inputs / contenders))
  const userIds = Array.from({ length: rounds }, (_, index) => `race-${run}-${index}`)
  for (let first = 0; first < rounds; first += PREPARED_AT_ONCE) {
    await prepare(target, userIds.slice(first, first + PREPARED_AT_ONCE))
  }
  const raced: string[] = []

  async function race(index: number): Promise<void> {
    const userId = userIds[index]!
    raced.push(userId)
    const requests = Array.from({ length: contenders / 2 }, (_, number) => [
      () => deposit(target, userId, random.chance(0.5) ? 'same' : `key-${number}`),
      () => random.pick([refund, cancel, webhook])(target, userId, number),
    ])
    const statuses = await Promise.all(requests.flat().map(async (request) => (await request()).status))
    for (const status of statuses) {
      tally.count(status === DISCONNECTED ? 'disconnected' : String(status))
      if (status >= 500 && status !== 503) tally.violated(`${status} in the race of ${userId}`)
    }
  }
  await inParallel(rounds, IN_FLIGHT_MAX / contenders, race, { perSecondMax: perSecondMax / contenders, isOver })
  // Whatever was rejected for now: the deposit is made, and what is left is refunded.
  await inParallel(raced.length, SETTLING_MAX, async (index) => {
    const userId = raced[index]!
    await settle(() => deposit(target, userId, 'last'))
    await settle(() => cancel(target, userId, contenders))
    const balance = await readBalance(target, userId)
    if (balance !== SETTLED_BALANCE) tally.violated(`${userId} has ${balance}, and must have ${SETTLED_BALANCE}`)
  })
  target.client.close()
  return tally.result()
}

interface RacedTarget extends Target {
  readonly client: LeanClient
}

async function prepare(target: RacedTarget, userIds: readonly string[]): Promise<void> {
  const order = { service: 'Likes', link: 'https://example.com/a', quantity: 1_000, charge: CHARGE, currency: 'USD' }
  const orders = userIds.map((id) => ({ ...order, orderId: id, providerOrderId: id, userId: id }))
  const response = await settle(() => call(target, 'POST', '/v1/orders/bulk', { orders }))
  const { results = [] } = bodyOf(response) as { results?: readonly { outcome: string }[] }
  const registered = results.filter(({ outcome }) => outcome === 'registered' || outcome === 'unchanged').length
  if (registered < userIds.length)
    throw new Error(`${registered} of ${userIds.length} orders registered (${response.status})`)
}

const SETTLED_BALANCE = formatMoney(parseMoney(DEPOSIT) + parseMoney(CHARGE))

async function readBalance(target: RacedTarget, userId: string): Promise<string> {
  const response = await settle(() => call(target, 'GET', `/v1/accounts/${userId}`))
  const { account } = bodyOf(response) as { account?: { balance: string } }
  return account?.balance ?? `no balance, but status ${response.status}`
}

/** HAProxy's own errors are not JSON. */
const bodyOf = ({ status, text }: LeanResponse): unknown => (status >= 200 && status < 300 ? JSON.parse(text) : {})

const SETTLE_ATTEMPTS = 50
const RETRY_DELAY_MS = 100
const DISCONNECTED = 0

/** Retries later while the service is busy, or another request with the same key is being processed. */
async function settle(request: () => Promise<LeanResponse>): Promise<LeanResponse> {
  for (let attempt = 1; ; attempt += 1) {
    const called = await request()
    const { status } = called
    if ((status !== 503 && status !== 409 && status !== DISCONNECTED) || attempt === SETTLE_ATTEMPTS) return called
    await sleep(RETRY_DELAY_MS)
  }
}

const deposit = (target: RacedTarget, userId: string, key: string): Promise<LeanResponse> =>
  call(
    target,
    'POST',
    `/v1/accounts/${userId}/deposits`,
    { amount: DEPOSIT, currency: 'USD', paymentRef: `pay-${userId}` },
    { 'idempotency-key': `${userId}-${key}` },
  )

const refund = (target: RacedTarget, userId: string, number: number): Promise<LeanResponse> =>
  act(target, userId, { action: 'refund', amount: '1' }, number)

const cancel = (target: RacedTarget, userId: string, number: number): Promise<LeanResponse> =>
  act(target, userId, { action: 'cancel' }, number)

const act = (target: RacedTarget, userId: string, body: object, number: number): Promise<LeanResponse> =>
  call(
    target,
    'POST',
    `/v1/orders/${userId}/actions`,
    { ...body, note: 'a race' },
    { 'idempotency-key': `${userId}-act-${number}` },
  )

const webhook = ({ client, webhookToken }: RacedTarget, userId: string): Promise<LeanResponse> =>
  client.send({
    method: 'POST',
    path: `/webhooks/godofpanel/${webhookToken}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ order_id: userId, status: 'canceled' }),
  })

/** Every request here can be repeated. */
const call = (
  { client, panelKey }: RacedTarget,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<LeanResponse> =>
  client.send({
    method,
    path,
    headers: {
      authorization: `Bearer ${panelKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
