import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createInProcessBus } from '@paxyo/event-bus'
import type { Provider, StatusUpdate } from '@paxyo/order-core'
import { createTestDatabase, ledgerViolations, type TestDatabase } from '@paxyo/testkit'
import fc from 'fast-check'
import { pino } from 'pino'
import { createAccountWrites } from '../../src/account-writes/account-writes.ts'
import { createBatcher, type Batcher } from '../../src/deliveries/batcher.ts'
import { replayDeliveries } from '../../src/deliveries/replay-deliveries.ts'
import type { Delivery, Verification } from '../../src/model/delivery.ts'
import { newId } from '../../src/model/new-id.ts'
import { attachProviderOrder } from '../../src/orders/attach-provider-order.ts'
import { registerOrders } from '../../src/orders/register-orders.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { resolveReview } from '../../src/reviews/resolve-review.ts'
import { commitChangeSet, type LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { anAction } from '../account-writes/an-account-write.ts'
import { anOrder } from '../register-order.ts'
import { createModel, type Model } from './moved-orders-model.ts'

/**
 * The rule: what was decided about a delivery stays with the order that had its provider order then. An undecided delivery (it
 * waits for an order, for its verification or for a person) follows the provider order, and is decided once, about the order
 * that has the provider order at that time. The model says what each order is refunded; it knows nothing of SQL.
 */

// Few, so that they meet often.
const ORDERS = ['a', 'b', 'c'] as const
const IDS = ['1', '2'] as const
const order = fc.constantFrom(...ORDERS)
const id = fc.constantFrom(...IDS)
const aResponse = fc.constantFrom('agree', 'agree', 'unknown_order', 'silent')

const aCommand = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      id,
      status: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom('canceled', 'partial') },
        { weight: 1, arbitrary: fc.constantFrom('in_progress', 'failed', 'completed', 'unknown') },
      ),
      remains: fc.constantFrom(300, 500, 600, 300, 500, 600, null, 0, 1001),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('attach' as const), order, id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('register' as const), order, id: fc.option(id) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('verify' as const),
      response: aResponse,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resolve' as const), order, approves: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('act' as const), order, amount: fc.constantFrom(50n, 1000n, null) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('exchange' as const), id, response: aResponse }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replay' as const), index: fc.nat(20) }) },
)
type Command = typeof aCommand extends fc.Arbitrary<infer T> ? T : never

let database: TestDatabase
let outbox: Outbox
let deps: LedgerDeps
beforeAll(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 4)
  outbox = createOutbox({ pool, publisher: createInProcessBus().connectPublisher(), log: pino({ level: 'silent' }) })
  deps = { pool, newId, outbox }
})
afterAll(async () => {
  await outbox.close()
  await database[Symbol.asyncDispose]()
})

const rows = async <Row>(sql: string, ...values: unknown[]): Promise<Row[]> =>
  (await database.owner.query(sql, values)).rows as Row[]

/** Its bodies are updates as JSON. */
const PROVIDER: Provider = {
  name: 'godofpanel',
  statusMap: {},
  readStatus: () => 'unknown',
  mapWords: () => undefined,
  parseUpdates: (_contentType, body) => ({
    updates: [{ update: JSON.parse(Buffer.from(body).toString()) as StatusUpdate, body: '' }],
  }),
}

/** One run: the commands, and the same in the model. */
class Run {
  readonly name: string
  readonly rules: LedgerDeps
  readonly model: Model
  readonly batcher: Batcher
  readonly delivered: string[] = []

  constructor(name: string, mode: { readonly verifies: boolean; readonly asks: boolean }) {
    this.name = name
    const refundApproval = mode.asks ? { isAlways: true, limits: new Map<string, bigint>() } : undefined
    this.rules = { ...deps, verifiedProviders: new Set(mode.verifies ? ['godofpanel'] : []), refundApproval }
    this.model = createModel(mode)
    this.batcher = createBatcher({ ...this.rules, log: pino({ level: 'silent' }) })
  }

  providerOrder = (number: string) => ({ provider: 'godofpanel', providerOrderId: `${this.name}-${number}` })
  orderId = (of: string): string => `${this.name}-${of}`

  async do(command: Command): Promise<void> {
    if (command.do === 'deliver') return this.deliver(command.id, command.status, command.remains)
    if (command.do === 'attach') return this.attach(command.order, command.id)
    if (command.do === 'register') return this.register(command.order, command.id)
    if (command.do === 'verify') return void (await this.verify(command.response))
    if (command.do === 'exchange') return this.exchange(command.id, command.response)
    if (command.do === 'resolve') return this.resolve(command.order, command.approves)
    if (command.do === 'act') return this.act(command.order, command.amount)
    return this.replay(command.index)
  }

  async deliver(number: string, status: StatusUpdate['status'], remains: number | null): Promise<void> {
    const { providerOrderId } = this.providerOrder(number)
    const update: StatusUpdate = { providerOrderId, status, remains, startCount: null }
    const deliveryId = newId()
    this.delivered.push(deliveryId)
    this.model.deliver(deliveryId, number, update)
    const body = JSON.stringify(update)
    await this.batcher.submit([{ deliveryId, provider: 'godofpanel', update, body, receivedAt: new Date() }])
  }

  async attach(of: string, number: string): Promise<void> {
    const to = this.providerOrder(number)
    const result = await commitChangeSet(this.rules, (tx) => attachProviderOrder(tx, this.orderId(of), to, 'key'))
    if (typeof result === 'object') this.model.hold(of, number)
  }

  /** The panel has confused two ids: what the provider says arrives before, and is verified between the two requests. */
  async exchange(number: string, response: 'agree' | 'unknown_order' | 'silent'): Promise<void> {
    await this.deliver(number, 'canceled', null)
    await this.attach('a', number === '1' ? '2' : '1')
    await this.verify(response)
    await this.attach('b', number)
  }

  async register(of: string, number: string | null): Promise<void> {
    const held = number === null ? { provider: null, providerOrderId: null } : this.providerOrder(number)
    // The charge is 1,000 units of 10⁻⁸, and so is the quantity: a refund is its remains.
    const details = { ...anOrder(), ...held, orderId: this.orderId(of), userId: this.orderId(of), charge: 1000n }
    const [result] = await commitChangeSet(this.rules, (tx) => registerOrders(tx, [details]))
    if (typeof result === 'object' && result.isNew) this.model.register(of, number)
  }

  /** Responds about the oldest delivery that awaits its verification. @returns whether there was one. */
  async verify(response: 'agree' | 'unknown_order' | 'silent'): Promise<boolean> {
    const [row] = await rows<{ delivery_id: string; waiting_update: string; received_at: Date }>(
      `SELECT delivery_id, waiting_update, received_at FROM deliveries
       WHERE outcome = 'awaiting_verification' AND provider_order_id LIKE $1 ORDER BY received_at, delivery_id LIMIT 1`,
      `${this.name}-%`,
    )
    if (row === undefined) return false
    const update = JSON.parse(row.waiting_update) as StatusUpdate
    const verifications: Record<typeof response, Verification> = {
      agree: { update, body: '{}' },
      unknown_order: 'unknown_order',
      silent: null,
    }
    const { delivery_id: deliveryId, received_at: receivedAt } = row
    this.model.verify(deliveryId, response === 'agree')
    const delivery: Delivery = { deliveryId, provider: 'godofpanel', update, body: '{}', receivedAt }
    await this.batcher.submit([{ ...delivery, verification: verifications[response] }])
    return true
  }

  async resolve(of: string, approves: boolean): Promise<void> {
    const [review] = await rows<{ id: string }>(
      `SELECT review_id AS id FROM reviews
       WHERE order_id = $1 AND reason = 'refund_needs_approval' AND resolved_at IS NULL`,
      this.orderId(of),
    )
    if ((review !== undefined) !== this.model.isAsked(of)) throw new Error(`${of}: is a person asked? ${review?.id}`)
    if (review === undefined) return
    const refund = approves ? this.model.proposal(of) : 0n
    const action = refund > 0n ? 'approve' : 'dismiss'
    const decision = { action, refund, status: undefined, note: 'checked', actor: 'Ann', keyId: 'key' } as const
    const result = await commitChangeSet(this.rules, (tx) => resolveReview(tx, review.id, decision))
    if (typeof result === 'string') throw new Error(`${of}: ${action} of ${refund}: ${result}`)
    this.model.resolve(of, refund)
  }

  async act(of: string, amount: bigint | null): Promise<void> {
    const action = {
      action: amount === null ? 'cancel' : 'refund',
      amount: amount ?? undefined,
      status: undefined,
      note: 'by mail',
      actor: 'Ann',
      keyId: 'key',
    } as const
    const result = await createAccountWrites({ ...this.rules, log: pino({ level: 'silent' }) }).commit(
      undefined,
      anAction(this.orderId(of), action),
    )
    if (typeof result === 'object') this.model.act(of, amount)
  }

  async replay(index: number): Promise<void> {
    const deliveryId = this.delivered[index]
    // The replay of an update that waits for a person is no other update.
    if (deliveryId === undefined || this.model.wasAsked(deliveryId)) return
    const replay = { pool: deps.pool, batcher: this.batcher, providers: [PROVIDER], newId, now: () => new Date() }
    const results = await replayDeliveries(replay, [deliveryId], undefined)
    if (typeof results === 'string' || results[0]!.replayId === null) return
    this.model.replay(deliveryId, results[0]!.replayId)
  }

  /** The content of the database and the expected one: refunds as in the model, no decision twice, nothing unseen. */
  async compare(decided: Map<string, string>): Promise<{ is: unknown; shouldBe: unknown }> {
    const refunded = await rows<{ order_id: string; units: string }>(
      `SELECT order_id, (refunded * 100000000)::bigint::text AS units FROM orders WHERE order_id LIKE $1 ORDER BY order_id`,
      `${this.name}-%`,
    )
    const outcomes = await rows<{ delivery_id: string; outcome: string }>(
      `SELECT delivery_id, outcome FROM deliveries WHERE provider_order_id LIKE $1
         AND outcome NOT IN ('parked', 'superseded', 'review', 'awaiting_verification') ORDER BY delivery_id`,
      `${this.name}-%`,
    )
    const now = new Map(outcomes.map((row) => [row.delivery_id, row.outcome]))
    const before = new Map([...now, ...decided])
    for (const [deliveryId, outcome] of now) decided.set(deliveryId, outcome)
    const awaiting = await rows<{ delivery_id: string }>(
      `SELECT delivery_id FROM deliveries WHERE provider_order_id LIKE $1 AND outcome = 'awaiting_verification'
       ORDER BY delivery_id COLLATE "C"`,
      `${this.name}-%`,
    )
    const unseen = await rows(UNSEEN, `${this.name}-%`)
    const refunds = this.model.refunds().map(([of, units]) => [this.orderId(of), units])
    return {
      is: {
        refunds: refunded.map((row) => [row.order_id, BigInt(row.units)]),
        decided: now,
        awaiting: awaiting.map((row) => row.delivery_id),
        unseen,
      },
      shouldBe: { refunds, decided: before, awaiting: this.model.awaiting(), unseen: [] },
    }
  }
}

/** Deliveries that wait although an order could decide about them, or that wait for a person who is not asked. */
const UNSEEN = `
  SELECT deliveries.delivery_id, outcome, deliveries.reason FROM deliveries LEFT JOIN orders USING (provider, provider_order_id)
  WHERE provider_order_id LIKE $1 AND (
    outcome = 'parked' AND order_id IS NOT NULL
    OR outcome = 'superseded' AND waiting_update IS NOT NULL AND order_id IS NOT NULL
    OR outcome = 'awaiting_verification' AND NOT EXISTS (SELECT FROM verifications
      WHERE verifications.delivery_id = deliveries.delivery_id AND settled_at IS NULL)
    OR outcome = 'review' AND NOT EXISTS (SELECT FROM reviews
      WHERE reviews.reason = deliveries.reason AND (reviews.order_id = orders.order_id OR reviews.order_id IN (
        SELECT change.order_id FROM provider_order_changes AS change
        WHERE change.former_provider_order_id = deliveries.provider_order_id)))
    OR deliveries.reason = 'refund_needs_approval' AND waiting_update IS NOT NULL AND NOT EXISTS (SELECT FROM reviews
      WHERE reviews.order_id = orders.order_id AND reviews.reason = deliveries.reason AND resolved_at IS NULL))`

test('deliveries, moves, verifications, approvals, actions and replays in any order: each is decided once', async () => {
  let runs = 0
  const property = fc.asyncProperty(
    fc.record({ verifies: fc.boolean(), asks: fc.boolean() }),
    fc.array(aCommand, { minLength: 12, maxLength: 24, size: 'max' }),
    async (mode, commands) => {
      runs += 1
      const run = new Run(`run-${runs}`, mode)
      const decided = new Map<string, string>()
      const check = async (): Promise<void> => {
        const { is, shouldBe } = await run.compare(decided)
        expect(is).toEqual(shouldBe)
      }
      // One order is placed, one is not yet, and the third is not registered.
      const begin: Command[] = [
        { do: 'register', order: 'a', id: '1' },
        { do: 'register', order: 'b', id: null },
      ]
      for (const command of [...begin, ...commands]) {
        await run.do(command)
        await check()
      }
      while (await run.verify('agree')) await check()
      for (const of of ORDERS) await run.resolve(of, true)
      await check()
      await run.batcher.close()
    },
  )
  await fc.assert(property, { numRuns: 30 })
  expect(await ledgerViolations(database.owner)).toEqual({})
})
