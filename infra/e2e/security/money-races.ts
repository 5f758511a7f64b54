import { formatMoney, parseMoney } from '@paxyo/order-core'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTally, inParallel, type AttackOptions, type AttackResult, type Target } from './attack.ts'

const CONCURRENT_MAX = 120
const CONTENDERS = 6
const CHARGE = '2.5'
const DEPOSIT = '10'

/**
 * The same money, asked for several times at once: deposits of one payment with equal and with different idempotency keys,
 * refunds and cancellations of one order by people and by its provider. Afterwards each account must have exactly one
 * deposit, and exactly the charge of its order back.
 */
export async function attackWithRaces(options: AttackOptions): Promise<AttackResult> {
  const { target, random, inputs, perSecondMax = Infinity, isOver } = options
  const tally = createTally('money races')
  const run = random.below(1_000_000_000).toString(36)
  const rounds = Math.max(1, Math.round(inputs / (2 * CONTENDERS)))
  const raced: string[] = []

  async function race(index: number): Promise<void> {
    const userId = `race-${run}-${index}`
    await settle(() => call(target, 'POST', '/v1/accounts', { userId, currency: 'USD' }))
    const order = { orderId: userId, providerOrderId: userId, userId, service: 'Likes', link: 'https://example.com/a' }
    const registration = { ...order, quantity: 1_000, charge: CHARGE, currency: 'USD' }
    await settle(() => call(target, 'POST', '/v1/orders', registration))
    raced.push(userId)
    const contenders = Array.from({ length: CONTENDERS }, (_, number) => [
      () => deposit(target, userId, random.chance(0.5) ? 'same' : `key-${number}`),
      () => random.pick([refund, cancel, webhook])(target, userId, number),
    ])
    const statuses = await Promise.all(contenders.flat().map(async (contend) => (await contend()).status))
    for (const status of statuses) {
      tally.count(status === DISCONNECTED ? 'disconnected' : String(status))
      if (status >= 500 && status !== 503) tally.violated(`${status} in the race of ${userId}`)
    }
    // Whatever was rejected for now: what is left is refunded, and the deposit is made.
    await settle(() => deposit(target, userId, 'last'))
    await settle(() => cancel(target, userId, CONTENDERS))
  }
  const concurrentMax = Math.ceil(CONCURRENT_MAX / CONTENDERS)
  await inParallel(rounds, concurrentMax, race, { perSecondMax: perSecondMax / (2 * CONTENDERS), isOver })
  await inParallel(raced.length, concurrentMax, async (index) => {
    const userId = raced[index]!
    const balance = await readBalance(target, userId)
    if (balance !== SETTLED_BALANCE) tally.violated(`${userId} has ${balance}, and must have ${SETTLED_BALANCE}`)
  })
  return tally.result()
}

const SETTLED_BALANCE = formatMoney(parseMoney(DEPOSIT) + parseMoney(CHARGE))

async function readBalance(target: Target, userId: string): Promise<string> {
  const { status, body } = await settle(() => call(target, 'GET', `/v1/accounts/${userId}`))
  return (body as { account?: { balance: string } }).account?.balance ?? `no balance, but status ${status}`
}

const SETTLE_ATTEMPTS = 50
const RETRY_DELAY_MS = 100
const DISCONNECTED = 0

/** Retries later while the service is busy, or another request with the same key is being processed. */
async function settle(request: () => Promise<Called>): Promise<Called> {
  for (let attempt = 1; ; attempt += 1) {
    const called = await request()
    const { status } = called
    if ((status !== 503 && status !== 409 && status !== DISCONNECTED) || attempt === SETTLE_ATTEMPTS) return called
    await sleep(RETRY_DELAY_MS)
  }
}

interface Called {
  readonly status: number
  readonly body: unknown
}

const deposit = (target: Target, userId: string, key: string): Promise<Called> =>
  call(
    target,
    'POST',
    `/v1/accounts/${userId}/deposits`,
    { amount: DEPOSIT, currency: 'USD', paymentRef: `pay-${userId}` },
    { 'idempotency-key': `${userId}-${key}` },
  )

const refund = (target: Target, userId: string, number: number): Promise<Called> =>
  act(target, userId, { action: 'refund', amount: '1' }, number)

const cancel = (target: Target, userId: string, number: number): Promise<Called> =>
  act(target, userId, { action: 'cancel' }, number)

const act = (target: Target, userId: string, body: object, number: number): Promise<Called> =>
  call(
    target,
    'POST',
    `/v1/orders/${userId}/actions`,
    { ...body, note: 'a race' },
    { 'idempotency-key': `${userId}-act-${number}` },
  )

const webhook = ({ ingestUrl, webhookToken }: Target, userId: string): Promise<Called> =>
  send(`${ingestUrl}/webhooks/godofpanel/${webhookToken}`, {
    method: 'POST',
    body: JSON.stringify({ order_id: userId, status: 'canceled' }),
  })

const call = (
  { ingestUrl, panelKey }: Target,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Called> =>
  send(`${ingestUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${panelKey}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

/** Every request here can be repeated. */
async function send(url: string, init: RequestInit): Promise<Called> {
  try {
    const response = await fetch(url, init)
    return { status: response.status, body: await response.json() }
  } catch {
    return { status: DISCONNECTED, body: {} }
  }
}
