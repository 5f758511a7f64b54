import { afterEach, expect, test } from '@jest/globals'
import { createBatcher, newId, PUBLISHED_BY_SERVICES } from '@paxyo/ledger'
import { createGodOfPanel } from '@paxyo/godofpanel'
import { createMetrics } from '@paxyo/service-kit'
import { eventually } from '@paxyo/testkit'
import { pino } from 'pino'
import { createScheduledReconcile } from '../../src/workers/reconcile/scheduled-reconcile.ts'
import { PROVIDER_KEY, startWithProvider, type ProviderFixture } from '../provider-fixture.ts'

const HOUR_MS = 3_600_000
const SCHEDULE = { everyMs: 20, silentForMs: 6 * HOUR_MS }

let fixture: ProviderFixture
const start = async (isScheduled = true): Promise<ProviderFixture> => {
  fixture = await startWithProvider(isScheduled ? { reconcileSchedule: SCHEDULE } : {})
  return fixture
}
afterEach(async () => {
  await fixture[Symbol.asyncDispose]()
})

const change = (statement: string): Promise<unknown> => fixture.database.owner.query(statement)
const beSilentFor = (hours: number): Promise<unknown> =>
  change(`UPDATE orders SET updated_at = now() - interval '${hours} hours'`)
const runs = async (): Promise<{ asked: number; changed: number; late: number; error: string | null }[]> =>
  (
    await fixture.database.owner.query(
      'SELECT asked, changed, late, error FROM reconcile_runs WHERE ended_at IS NOT NULL ORDER BY started_at',
    )
  ).rows as never
const askSpaced = (ordersMax?: number) =>
  fixture.reconcile({ silentForMs: 6 * HOUR_MS, isSpaced: true, ...(ordersMax === undefined ? {} : { ordersMax }) })

test('an order whose webhook never came is found, refunded, and counted as late', async () => {
  const { simulator } = await start()
  const registry = createMetrics('webhook-ingest')
  fixture.ingest.addMetrics(registry)
  expect(await registry.metrics()).toMatch(/^paxyo_ingest_reconcile_late_total\{provider="godofpanel".*\} 0$/m)
  simulator.setWebhook(undefined)
  for (const id of ['1', '2', '3']) await fixture.place(id)
  simulator.cancel('1')
  simulator.progress('2')
  await beSilentFor(7)

  await eventually(async () => (await fixture.read('1'))['status'] === 'canceled')
  expect(await fixture.read('1')).toMatchObject({ refunded: 2.5, paid: 2.5 })
  const found = await eventually(async () => (await runs()).find(({ asked }) => asked > 0))
  expect(found).toEqual({ asked: 3, changed: 3, late: 1, error: null })
  const text = await registry.metrics()
  expect(text).toMatch(/^paxyo_ingest_reconcile_asked_total\{provider="godofpanel".*\} 3$/m)
  expect(text).toMatch(/^paxyo_ingest_reconcile_late_total\{provider="godofpanel".*\} 1$/m)
})

test('orders with recent updates are left alone, however often it runs', async () => {
  const { simulator } = await start()
  await fixture.place('1')
  await eventually(async () => (await runs()).length > 3)
  expect(simulator.requests).toEqual({})
})

test('the longer an order is silent, the longer is the pause between two questions about it', async () => {
  const { simulator } = await start(false)
  await fixture.place('1')
  await beSilentFor(15)
  expect(await askSpaced()).toMatchObject({ askedCount: 1 })
  const lastAskedBefore = async (hours: number): Promise<number> => {
    await beSilentFor(15)
    await change(`UPDATE reconciliations SET asked_at = now() - interval '${hours} hours'`)
    await change(`UPDATE deliveries SET received_at = now() - interval '${hours} hours'`)
    return (await askSpaced()).askedCount
  }
  // Half of 15 hours.
  expect(await lastAskedBefore(7.4)).toBe(0)
  expect(await lastAskedBefore(7.6)).toBe(1)
  expect(simulator.requests).toEqual({ status: 2 })

  // At least weekly.
  await beSilentFor(24 * 365)
  await change(`UPDATE reconciliations SET asked_at = now() - interval '169 hours'`)
  await change(`UPDATE deliveries SET received_at = now() - interval '169 hours'`)
  expect((await askSpaced()).askedCount).toBe(1)
})

test('a question that failed is no answer: the order is asked about again, after the others', async () => {
  const { simulator } = await start(false)
  for (const id of ['1', '2']) await fixture.place(id)
  await beSilentFor(9)
  await change(`UPDATE orders SET updated_at = now() - interval '10 hours' WHERE provider_order_id = '1'`)
  simulator.setApiFault({ kind: 'malformed' })
  expect(await askSpaced(1)).toMatchObject({ left: ['A-1'], stoppedBy: 'malformed_response' })

  simulator.setApiFault(undefined)
  const reports = [await askSpaced(1), await askSpaced(1)]
  expect(reports.map(({ askedCount }) => askedCount)).toEqual([1, 1])
  const { rows } = await fixture.database.owner.query(
    `SELECT provider_order_id AS id FROM deliveries WHERE origin = 'reconcile' ORDER BY received_at, delivery_id`,
  )
  expect(rows).toEqual([{ id: '2' }, { id: '1' }])
})

test('what the provider said is kept when it could not be asked, and the next run asks again', async () => {
  const { simulator } = await start()
  await fixture.place('1')
  simulator.setWebhook(undefined)
  simulator.cancel('1')
  simulator.setApiFault({ kind: 'malformed' })
  await beSilentFor(7)
  const failed = await eventually(async () => (await runs()).find(({ error }) => error !== null))
  expect(failed).toMatchObject({
    asked: 0,
    error: expect.stringMatching(/^godofpanel: malformed_response: .*One moment/),
  })
  expect(fixture.log.find(({ msg }) => msg === 'provider request failed')).toMatchObject({
    status: 200,
    code: 'malformed_response',
  })

  simulator.setApiFault(undefined)
  await eventually(async () => (await fixture.read('1'))['status'] === 'canceled')
})

/** Workers of several processes, with an interval of an hour. */
async function runProcesses(count: number): Promise<void> {
  const log = pino({ level: 'silent' })
  const pool = fixture.database.poolAs('ingest', 8)
  const batcher = createBatcher({ pool, newId, outbox: PUBLISHED_BY_SERVICES, log })
  const provider = createGodOfPanel({ api: { url: fixture.simulator.apiUrl, key: PROVIDER_KEY } })
  const started = Array.from({ length: count }, () =>
    createScheduledReconcile({
      schedule: { everyMs: HOUR_MS, silentForMs: 6 * HOUR_MS },
      pool,
      providers: [provider],
      batcher,
      newId,
      log,
      onAsked: () => undefined,
      onFailed: () => undefined,
    }),
  )
  await Promise.all(started.map((worker) => worker.runNow()))
  await Promise.all(started.map((worker) => worker.close()))
  await provider.client?.close()
  await batcher.close()
}

test('several processes run it once in an interval', async () => {
  await start(false)
  await fixture.place('1')
  await beSilentFor(7)
  await runProcesses(4)
  expect(await runs()).toEqual([{ asked: 1, changed: 1, late: 0, error: null }])
  expect(fixture.simulator.requests).toEqual({ status: 1 })
})

test('a run whose process died does not delay the next one', async () => {
  await start(false)
  await fixture.place('1')
  await beSilentFor(7)
  await change(`INSERT INTO reconcile_runs (run_id, started_at) VALUES (gen_random_uuid(), now())`)
  await runProcesses(1)
  expect(await runs()).toMatchObject([{ asked: 1 }])
})
