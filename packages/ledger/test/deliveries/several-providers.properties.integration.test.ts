import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ORDER_STATUSES } from '@paxyo/contracts'
import { createInProcessBus } from '@paxyo/event-bus'
import { createTestDatabase, type TestDatabase, ledgerViolations } from '@paxyo/testkit'
import fc from 'fast-check'
import { pino } from 'pino'
import { createBatcher } from '../../src/deliveries/batcher.ts'
import type { Delivery } from '../../src/model/delivery.ts'
import { newId } from '../../src/model/new-id.ts'
import { importOrders } from '../../src/orders/import-orders.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import type { LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { anOrder, registerOrder } from '../register-order.ts'

const PROVIDERS = ['godofpanel', 'second'] as const
/** Each is an order of every provider. */
const IDS = ['1', '2', '3'] as const
const QUANTITY_MAX = 1_000
const CHARGE_MAX = 10n ** 12n

/** How and when the ledger comes to know one order. */
interface OrderPlan {
  readonly userId: string
  readonly quantity: number
  readonly charge: bigint
  /** Before the batch of this number; its deliveries are parked until then. */
  readonly beforeBatch: number
  /** Undefined when it is registered; otherwise it is imported, and this is what was refunded elsewhere, in percent. */
  readonly refundedElsewherePercent: number | undefined
}

interface UpdatePlan {
  readonly provider: (typeof PROVIDERS)[number]
  readonly id: (typeof IDS)[number]
  readonly status: (typeof ORDER_STATUSES)[number] | 'unknown'
  readonly remains: number | null
  readonly origin: 'webhook' | 'reconcile'
}

const BATCHES_MAX = 4

const anOrderPlan = fc.record<Omit<OrderPlan, 'userId'>>({
  quantity: fc.integer({ min: 1, max: QUANTITY_MAX }),
  charge: fc.bigInt({ min: 0n, max: CHARGE_MAX }),
  beforeBatch: fc.oneof(fc.constant(0), fc.nat(BATCHES_MAX)),
  refundedElsewherePercent: fc.option(fc.nat(100), { nil: undefined, freq: 3 }),
})

/** By provider, then in the order of {@link IDS}. */
const somePlans = fc.record(
  Object.fromEntries(
    PROVIDERS.map((provider) => [provider, fc.array(anOrderPlan, { minLength: IDS.length, maxLength: IDS.length })]),
  ) as Record<(typeof PROVIDERS)[number], fc.Arbitrary<Omit<OrderPlan, 'userId'>[]>>,
)

const anUpdate = fc.record<UpdatePlan>({
  provider: fc.constantFrom(...PROVIDERS),
  id: fc.constantFrom(...IDS),
  status: fc.oneof(fc.constantFrom('canceled', 'partial'), fc.constantFrom(...ORDER_STATUSES, 'unknown')),
  remains: fc.option(fc.integer({ min: -2, max: QUANTITY_MAX + 2 }), { freq: 6 }),
  origin: fc.constantFrom('webhook', 'reconcile'),
})

/** Updates as they arrive: in any order, some of them again. A number is a place among the updates. */
const someArrivals = fc.array(anUpdate, { maxLength: 24 }).chain((updates) =>
  fc.record({
    updates: fc.constant(updates),
    arrivals: fc.subarray([...updates.keys()]).chain((again) =>
      fc.shuffledSubarray([...updates.keys(), ...again], {
        minLength: updates.length + again.length,
      }),
    ),
    cuts: fc.array(fc.nat(48), { minLength: BATCHES_MAX - 1, maxLength: BATCHES_MAX - 1 }),
  }),
)

let database: TestDatabase
let outbox: Outbox
let deps: LedgerDeps
beforeAll(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 4)
  outbox = createOutbox({
    pool,
    publisher: createInProcessBus().connectPublisher(),
    log: pino({ level: 'silent' }),
  })
  deps = { pool, newId, outbox }
})
afterAll(async () => {
  await outbox.close()
  await database[Symbol.asyncDispose]()
})

test('two providers with the same order ids: every refund goes to the account of its own order', async () => {
  let runs = 0
  const property = fc.asyncProperty(
    somePlans,
    someArrivals,
    fc.constantFrom(1, 2),
    async (plansByProvider, { updates, arrivals, cuts }, partitions) => {
      runs += 1
      const run = `run-${runs}`
      const plans = PROVIDERS.flatMap((provider) =>
        plansByProvider[provider].map((plan, index) => ({
          ...plan,
          provider,
          id: IDS[index]!,
          // The first two of a provider's orders have one owner, the third another; no owner has orders of both.
          userId: `${run}-${provider}-${index >> 1}`,
        })),
      )
      const batcher = createBatcher({ ...deps, log: pino({ level: 'silent' }), partitions })
      const deliveries = updates.map((update, index) => toDelivery(run, update, index))
      const batches = split(arrivals, cuts)

      for (const [number, batch] of batches.entries()) {
        for (const plan of plans.filter(({ beforeBatch }) => beforeBatch === number)) await enter(run, plan)
        await batcher.submit(batch.map((index) => deliveries[index]!))
      }
      for (const plan of plans.filter(({ beforeBatch }) => beforeBatch >= batches.length)) await enter(run, plan)
      await batcher.close()

      const due = plans.map((plan) => ({
        order: `${run}-${plan.provider}-${plan.id}`,
        user: plan.userId,
        refund: refundDue(
          plan,
          updates.filter(({ provider, id }) => provider === plan.provider && id === plan.id),
        ),
      }))
      expect(await paid(run)).toEqual(due.filter(({ refund }) => refund > 0n).toSorted(byOrder))
      expect(await balances(run)).toEqual(balancesOf(due))
      expect(await countParked(run)).toBe(0)
    },
  )
  await fc.assert(property, { numRuns: 60 })
  expect(await ledgerViolations(database.owner)).toEqual({})
})

interface Paid {
  readonly order: string
  readonly user: string
  /** In 10⁻⁸ units. */
  readonly refund: bigint
}

const byOrder = (a: Paid, b: Paid): number => (a.order < b.order ? -1 : 1)

type Entered = OrderPlan & Pick<UpdatePlan, 'provider' | 'id'>

const providerOrderIdOf = (run: string, id: string): string => `${run}-${id}`

const elsewhere = ({ charge, refundedElsewherePercent }: OrderPlan): bigint =>
  (charge * BigInt(refundedElsewherePercent ?? 0)) / 100n

/** Registers or imports an order. */
async function enter(run: string, plan: Entered): Promise<void> {
  const { provider, id, userId, quantity, charge } = plan
  const details = {
    ...anOrder(),
    orderId: `${run}-${provider}-${id}`,
    providerOrderId: providerOrderIdOf(run, id),
    provider,
    userId,
    quantity,
    charge,
  }
  if (plan.refundedElsewherePercent === undefined) {
    await registerOrder(deps, details)
    return
  }
  const refundedElsewhere = elsewhere(plan)
  const status = refundedElsewhere === 0n ? 'in_progress' : 'partial'
  const asItWas = { status, remains: null, startCount: null, refundedElsewhere, createdAt: undefined } as const
  expect(await importOrders(deps, [{ ...details, ...asItWas }])).toEqual(['imported'])
}

function toDelivery(run: string, { provider, id, status, remains, origin }: UpdatePlan, index: number): Delivery {
  return {
    deliveryId: `${run}-${index}`,
    provider,
    update: { providerOrderId: providerOrderIdOf(run, id), status, remains, startCount: null },
    body: '{}',
    receivedAt: new Date(),
    origin,
  }
}

/** Cuts a list at these places, into {@link BATCHES_MAX} lists. */
function split(items: readonly number[], cuts: readonly number[]): number[][] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, items.length)).toSorted((a, b) => a - b), items.length]
  return places.slice(1).map((end, index) => items.slice(places[index], end))
}

/**
 * The oracle: the largest part of the charge that any update of this order gives back, rounded down to 10⁻⁸, less what
 * was refunded elsewhere. It knows nothing of the order of arrival.
 */
function refundDue(plan: OrderPlan, updates: readonly UpdatePlan[]): bigint {
  const { charge, quantity } = plan
  let owed = elsewhere(plan)
  for (const { status, remains } of updates) {
    let target = 0n
    if (status === 'canceled') target = charge
    else if (status === 'partial' && remains !== null && remains >= 0 && remains <= quantity) {
      target = (charge * BigInt(remains)) / BigInt(quantity)
    }
    if (target > owed) owed = target
  }
  return owed - elsewhere(plan)
}

function balancesOf(due: readonly Paid[]): Record<string, bigint> {
  const byUser: Record<string, bigint> = {}
  for (const { user, refund } of due) byUser[user] = (byUser[user] ?? 0n) + refund
  return byUser
}

const UNITS = '(sum(amount) * 100000000)::bigint::text'

async function paid(run: string): Promise<Paid[]> {
  const { rows } = await database.owner.query<{ order_id: string; user_id: string; units: string }>(
    `SELECT order_id, user_id, ${UNITS} AS units FROM ledger_entries
     WHERE kind = 'refund' AND user_id LIKE $1 GROUP BY order_id, user_id`,
    [`${run}-%`],
  )
  return rows
    .map(({ order_id: order, user_id: user, units }) => ({ order, user, refund: BigInt(units) }))
    .toSorted(byOrder)
}

async function balances(run: string): Promise<Record<string, bigint>> {
  const { rows } = await database.owner.query<{ user_id: string; units: string }>(
    `SELECT user_id, (balance * 100000000)::bigint::text AS units FROM accounts WHERE user_id LIKE $1`,
    [`${run}-%`],
  )
  return Object.fromEntries(rows.map(({ user_id: user, units }) => [user, BigInt(units)]))
}

async function countParked(run: string): Promise<number> {
  const { rows } = await database.owner.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM deliveries WHERE outcome = 'parked' AND provider_order_id LIKE $1`,
    [`${run}-%`],
  )
  return rows[0]!.count
}
