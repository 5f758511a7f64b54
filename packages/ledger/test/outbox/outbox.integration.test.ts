import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { userChannel, type BusMessage } from '@paxyo/contracts'
import type { EventPublisher } from '@paxyo/event-bus'
import { createTestDatabase, eventually, type TestDatabase } from '@paxyo/testkit'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { v7 as newId } from 'uuid'
import { anOrder, registerOrder } from '../register-order.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { PUBLISHED_BY_SERVICES } from '../../src/transaction/published-by-services.ts'
import type { BatchOutbox } from '../../src/transaction/commit-change-set.ts'

let database: TestDatabase
/** What commits: of one connection, where so many have room. */
let committing: Pool
const opened: Outbox[] = []
beforeEach(async () => {
  database = await createTestDatabase()
  committing = database.poolAs('ingest', 1)
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((outbox) => outbox.close()))
  await database[Symbol.asyncDispose]()
})

/** A bus that can be taken away: what a test of the outbox needs to hold in its hand. */
class SwitchedPublisher implements EventPublisher {
  isReady = true
  readonly messages: BusMessage[] = []
  readonly #listeners: (() => void)[] = []

  publish(messages: readonly BusMessage[]): Promise<void> {
    if (!this.isReady) return Promise.reject(new Error('the bus is away'))
    this.messages.push(...messages)
    return Promise.resolve()
  }

  onReady(listener: () => void): void {
    this.#listeners.push(listener)
    if (this.isReady) queueMicrotask(listener)
  }

  comeBack(): void {
    this.isReady = true
    for (const listener of this.#listeners) listener()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Without the sweep unless given: what is tested must not be done by it. */
const open = (
  publisher: EventPublisher,
  sweepIntervalMs = Infinity,
  pool = database.poolAs('ingest', 4),
  sweepRowAgeMs?: number,
): Outbox => {
  const age = sweepRowAgeMs === undefined ? {} : { sweepRowAgeMs }
  const outbox = createOutbox({ pool, publisher, sweepIntervalMs, ...age, log: pino({ level: 'silent' }) })
  opened.push(outbox)
  return outbox
}

let orders = 0
const commitAnEvent = async (outbox: BatchOutbox): Promise<void> => {
  orders += 1
  const order = { ...anOrder(), orderId: `A-${orders}`, providerOrderId: `${orders}` }
  await registerOrder({ pool: committing, newId, outbox }, order)
}

const rowCount = async (): Promise<number> => {
  const { rows } = await database.owner.query<{ count: number }>('SELECT count(*)::int AS count FROM outbox')
  return rows[0]!.count
}

test('a batch is published after its commit, and its row goes away inside the next one', async () => {
  const publisher = new SwitchedPublisher()
  const outbox = open(publisher)
  await commitAnEvent(outbox)
  await eventually(() => publisher.messages.length === 1)
  expect(await rowCount()).toBe(1)

  await commitAnEvent(outbox)
  await eventually(() => publisher.messages.length === 2)
  expect(publisher.messages.map(({ channel }) => channel)).toEqual(Array(2).fill(userChannel('user-1')))
  expect(await rowCount()).toBe(1)

  // Without another batch it goes away soon, too: gateways take a row that stays for a missing event.
  await eventually(async () => (await rowCount()) === 0)
})

test('the row of a batch that was just published is deleted when the process closes', async () => {
  const publisher = new SwitchedPublisher()
  const outbox = open(publisher)
  await commitAnEvent(outbox)
  await eventually(() => publisher.messages.length === 1)
  await outbox.close()
  expect(await rowCount()).toBe(0)
})

test('what a process left behind is published when another one starts', async () => {
  const away = new SwitchedPublisher()
  away.isReady = false
  const died = open(away)
  for (let count = 0; count < 3; count += 1) await commitAnEvent(died)
  expect(away.messages).toEqual([])

  const publisher = new SwitchedPublisher()
  open(publisher).start()
  await eventually(async () => (await rowCount()) === 0)
  const { rows } = await database.owner.query<{ payload: string }>(
    'SELECT event_payload(events) AS payload FROM events ORDER BY seq',
  )
  expect(publisher.messages.map(({ payload }) => payload)).toEqual(rows.map(({ payload }) => payload))
})

test('what the bus missed is published when it comes back, oldest first', async () => {
  const publisher = new SwitchedPublisher()
  const outbox = open(publisher)
  outbox.start()
  publisher.isReady = false
  for (let count = 0; count < 250; count += 1) await commitAnEvent(outbox)
  expect(publisher.messages).toEqual([])

  publisher.comeBack()
  await eventually(() => publisher.messages.length >= 250)
  const seqs = publisher.messages.map(({ payload }) => (JSON.parse(payload) as { seq: number }).seq)
  expect(seqs).toEqual(Array.from({ length: 250 }, (_, index) => index + 1))
  await eventually(async () => (await rowCount()) === 0)
})

test('a publish that failed on a bus that seems well is tried again soon', async () => {
  const publisher = new SwitchedPublisher()
  const outbox = open(publisher)
  const publish = publisher.publish.bind(publisher)
  publisher.publish = () => {
    publisher.publish = publish
    return Promise.reject(new Error('time-out'))
  }
  await commitAnEvent(outbox)
  expect(publisher.messages).toHaveLength(0)
  await eventually(() => publisher.messages.length === 1)
})

test('a commit that sees rows older than two seconds has them published', async () => {
  const away = new SwitchedPublisher()
  away.isReady = false
  await commitAnEvent(open(away))
  await database.owner.query(`UPDATE outbox SET created_at = created_at - interval '3 seconds'`)

  const publisher = new SwitchedPublisher()
  const alive = open(publisher)
  await commitAnEvent(alive)
  // The drain may also publish a batch that is being published.
  await eventually(() => new Set(publisher.messages.map(({ payload }) => payload)).size === 2)
  expect(await eventually(async () => (await rowCount()) < 2)).toBe(true)
})

test('a sweep publishes old rows that nothing else has noticed', async () => {
  const away = new SwitchedPublisher()
  away.isReady = false
  await commitAnEvent(open(away))
  await database.owner.query(`UPDATE outbox SET created_at = created_at - interval '3 seconds'`)

  const publisher = new SwitchedPublisher()
  publisher.onReady = () => undefined
  open(publisher, 20).start()
  await eventually(async () => (await rowCount()) === 0)
  expect(publisher.messages).toHaveLength(1)
})

test('the only process with a bus publishes at once what a command without one has committed', async () => {
  const publisher = new SwitchedPublisher()
  publisher.onReady = () => undefined
  open(publisher, 20, undefined, 0).start()
  await commitAnEvent(PUBLISHED_BY_SERVICES)
  await eventually(() => publisher.messages.length > 0)
  await eventually(async () => (await rowCount()) === 0)
  expect(publisher.messages).toHaveLength(1)
})

test('drains and commits share connections without getting in each other’s way', async () => {
  const publisher = new SwitchedPublisher()
  const pool = database.poolAs('ingest', 1)
  const outbox = open(publisher, Infinity, pool)
  outbox.start()
  // A drain may publish what is being published at that moment, too.
  const publishedCount = (): number => new Set(publisher.messages.map(({ payload }) => payload)).size
  for (let round = 1; round <= 3; round += 1) {
    await registerOrder({ pool, newId, outbox }, { ...anOrder(), orderId: `S-${round}`, providerOrderId: `S-${round}` })
    await eventually(() => publishedCount() === round)
    // Deletes the row on the only connection there is, which the next commit uses.
    if (round % 2 === 1) publisher.comeBack()
    await eventually(async () => (await rowCount()) < 2)
  }
  expect(publishedCount()).toBe(3)
})
