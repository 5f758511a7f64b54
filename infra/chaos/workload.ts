import type { OrderStatus } from '@paxyo/contracts'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import {
  WEBHOOK_MISTAKE_NAMES,
  WEBHOOK_MISTAKES,
  WEBHOOK_SHAPE_NAMES,
  WEBHOOK_SHAPES,
  writeMistake,
  writeWebhook,
  type WebhookBody,
  type WebhookMistakeName,
} from '@paxyo/provider-simulator'
import { CHAOS_PROVIDERS, type ChaosProvider } from './providers.ts'
import type { Random } from './random.ts'

/** One step of an order's history. */
interface Update {
  readonly status: OrderStatus
  readonly remains?: number
}

/** A webhook that no correct provider sends. */
export interface Mistake {
  /** Names it in its body. */
  readonly mark: string
  readonly leads: 'rejected' | 'review' | 'ignored' | 'none'
}

/** A webhook of a provider. */
export interface PlannedWebhook {
  readonly body: WebhookBody
  /** The response that it must get in the end. */
  readonly status: number
  /** Set for a mistake: what must be found of it. */
  readonly mistake?: Mistake
}

/** An order with all webhooks that the provider will send, and the expected result. */
export interface PlannedOrder {
  readonly orderId: string
  readonly provider: ChaosProvider
  readonly providerOrderId: string
  readonly userId: string
  readonly quantity: number
  readonly charge: string
  /** Whether it is registered before its first webhook. */
  readonly isRegisteredFirst: boolean
  readonly webhooks: readonly PlannedWebhook[]
  readonly expected: { readonly status: string; readonly refunded: string }
}

const QUANTITIES = [3, 100, 1000, 7919]
const CHARGES = ['0.00000003', '0.27819', '2.5', '10', '123.45678901']
/** How often a webhook is followed by a mistake, and how often it has its provider's own word. */
const MISTAKE_RATE = 0.06
const OWN_WORD_RATE = 0.3

/**
 * Plans an order. The expected result follows from the construction of its history, not from the code under test: the
 * last final status is kept, and the largest part that was ever reported as undelivered is refunded. Neither the shape of
 * a webhook nor a mistake changes it. Orders of different providers share their id there.
 */
export function planOrder(random: Random, index: number, userId: string): PlannedOrder {
  const quantity = random.pick(QUANTITIES)
  const charge = random.pick(CHARGES)
  const some = random.below(quantity + 1)
  const more = some + random.below(quantity + 1 - some)
  const part = (remains: number): bigint => (parseMoney(charge) * BigInt(remains)) / BigInt(quantity)

  const open: Update[] = [{ status: 'processing' }, { status: 'in_progress', remains: quantity }]
  for (let count = random.below(4); count > 0; count -= 1) {
    open.push({ status: 'in_progress', remains: random.below(quantity + 1) })
  }
  const [final, status, refunded] = random.pick<[Update[], string, bigint]>([
    [[{ status: 'completed' }], 'completed', 0n],
    [[{ status: 'canceled' }], 'canceled', parseMoney(charge)],
    [[{ status: 'partial', remains: some }], 'partial', part(some)],
    [
      [
        { status: 'partial', remains: some },
        { status: 'partial', remains: more },
      ],
      'partial',
      part(more),
    ],
    [[{ status: 'partial', remains: more }, { status: 'canceled' }], 'canceled', parseMoney(charge)],
    [[{ status: 'completed' }, { status: 'canceled' }], 'canceled', parseMoney(charge)],
    [[{ status: 'failed' }, { status: 'partial', remains: some }], 'partial', part(some)],
  ])
  const provider = CHAOS_PROVIDERS[index % CHAOS_PROVIDERS.length]!
  const providerOrderId = String(100_000 + Math.floor(index / CHAOS_PROVIDERS.length))
  const updates = addNoise(random, [...open, ...final])
  return {
    orderId: `order-${index}`,
    provider,
    providerOrderId,
    userId,
    quantity,
    charge,
    isRegisteredFirst: random.chance(0.5),
    webhooks: updates.flatMap((update, number) => {
      const webhook = { body: writeUpdate(random, provider, providerOrderId, quantity, update), status: 200 }
      if (!random.chance(MISTAKE_RATE)) return webhook
      return [webhook, planMistake(random, providerOrderId, `m${index}n${number}`)]
    }),
    expected: { status, refunded: formatMoney(refunded) },
  }
}

/** Repeats some updates and adds late copies of earlier ones, which must not change the result. */
function addNoise(random: Random, updates: readonly Update[]): Update[] {
  const sent: Update[] = []
  updates.forEach((update, index) => {
    sent.push(update)
    if (random.chance(0.2)) sent.push(update)
    if (index > 1 && random.chance(0.2)) sent.push({ status: 'pending' })
  })
  if (random.chance(0.5)) sent.push({ status: 'in_progress', remains: 1 }, { status: 'processing' })
  return sent
}

const SPELLINGS_MAX = 12

/** In any shape, or with a word that only this provider uses like this. */
function writeUpdate(
  random: Random,
  { ownWord }: ChaosProvider,
  orderId: string,
  quantity: number,
  { status, remains = status === 'completed' ? 0 : quantity }: Update,
): WebhookBody {
  const shape = WEBHOOK_SHAPES[random.pick(WEBHOOK_SHAPE_NAMES)]
  const spelling = random.below(SPELLINGS_MAX)
  if (status === ownWord.status && random.chance(OWN_WORD_RATE)) {
    const body = JSON.stringify({ order_id: orderId, status: ownWord.word, remains })
    return { contentType: 'application/json', body }
  }
  const order = { orderId, status, remains, quantity, startCount: null, service: '1', link: '' }
  return writeWebhook(shape, [order], spelling)
}

function planMistake(random: Random, orderId: string, mark: string): PlannedWebhook {
  const name = random.pick<WebhookMistakeName>(WEBHOOK_MISTAKE_NAMES)
  const { leads, status } = WEBHOOK_MISTAKES[name]
  return { body: writeMistake(name, orderId, mark), status, mistake: { mark, leads } }
}
