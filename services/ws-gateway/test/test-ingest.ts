import { encodeEvent, userChannel, type BusMessage, type OrderStatus } from '@paxyo/contracts'
import { compactPayload } from '@paxyo/database'
import type { EventPublisher } from '@paxyo/event-bus'
import type { TestDatabase } from '@paxyo/testkit'

export interface AccountDetails {
  readonly balance: string
  readonly currency: string
  /** The seq of its newest event; the events up to it are no longer kept. */
  readonly lastSeq: number
}

export interface OrderDetails {
  readonly orderId: string
  readonly status: OrderStatus
  readonly createdAt: string
  readonly charge: string
  readonly refunded: string
  readonly remains: number | null
}

/** A committed event, as its bus message. */
export interface CommittedEvent extends BusMessage {
  readonly seq: number
}

/** Writes to the database and to the bus like webhook-ingest, one step at a time. */
export interface TestIngest {
  openAccount(userId: string, details?: Partial<AccountDetails>): Promise<void>
  insertOrder(userId: string, details: Partial<OrderDetails> & { readonly orderId: string }): Promise<void>
  /** Commits events, each of which adds 1 to the balance, without publishing them. */
  commit(userId: string, count?: number, options?: { readonly linkLength?: number }): Promise<CommittedEvent[]>
  publish(events: readonly BusMessage[]): Promise<void>
  /** As when webhook-ingest cannot reach the bus. */
  leaveInOutbox(events: readonly CommittedEvent[]): Promise<void>
  emptyOutbox(): Promise<void>
  /** Commits and publishes. */
  commitAndPublish(
    userId: string,
    count?: number,
    options?: { readonly linkLength?: number },
  ): Promise<CommittedEvent[]>
}

const OPEN_ACCOUNT = 'INSERT INTO accounts (user_id, currency, last_seq) VALUES ($1, $2, $3)'

/** A ledger entry: the database rejects a balance without one. */
const ENTER = `
  INSERT INTO ledger_entries (entry_id, user_id, kind, amount, balance_after, created_at)
  SELECT gen_random_uuid(), user_id, 'deposit', $2::numeric, balance + $2::numeric, now() FROM accounts WHERE user_id = $1`

const INSERT_ORDER = `
  INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge, status, remains,
    start_count, refunded, created_at)
  VALUES ($1, 'godofpanel', $1, $2, 'Instagram followers', 'https://instagram.com/somebody', 1000, $3, $4, $5, 120, $6,
    $7)`

const APPEND = `
  UPDATE accounts SET last_seq = last_seq + $2, balance = balance + $2 WHERE user_id = $1
  RETURNING last_seq::int, trunc(balance)::int AS balance`

const SET_BALANCE = 'UPDATE accounts SET balance = $2 WHERE user_id = $1'

/** As this version writes them; every second one as former versions did. */
const INSERT_EVENTS = `
  INSERT INTO events (user_id, seq, at, compact, payload)
  SELECT $1, seq, $2, CASE seq % 2 WHEN 0 THEN compact END, CASE seq % 2 WHEN 1 THEN payload END
  FROM unnest($3::bigint[], $4::text[], $5::text[]) AS event (seq, compact, payload)`

const INSERT_OUTBOX = `
  INSERT INTO outbox (batch_id, user_ids, seqs, created_at) VALUES (gen_random_uuid(), $1, $2, now())`

export function createTestIngest({ owner }: Pick<TestDatabase, 'owner'>, publisher?: EventPublisher): TestIngest {
  const ingest: TestIngest = {
    async openAccount(userId, { balance = '0', currency = 'USD', lastSeq = 0 } = {}) {
      await owner.query(OPEN_ACCOUNT, [userId, currency, lastSeq])
      if (Number(balance) === 0) return
      await owner.query(ENTER, [userId, balance])
      await owner.query(SET_BALANCE, [userId, balance])
    },

    async insertOrder(userId, details) {
      const { orderId, status = 'pending', createdAt = new Date().toISOString() } = details
      const { charge = '2.50', refunded = '0', remains = null } = details
      await owner.query(INSERT_ORDER, [orderId, userId, charge, status, remains, refunded, createdAt])
    },

    async commit(userId, count = 1, { linkLength = 30 } = {}) {
      const client = await owner.connect()
      try {
        await client.query('BEGIN')
        await client.query(ENTER, [userId, count])
        const { rows } = await client.query<{ last_seq: number; balance: number }>(APPEND, [userId, count])
        const head = rows[0]!
        const at = new Date()
        const committed = Array.from({ length: count }, (_, index) => {
          const behind = count - 1 - index
          const seq = head.last_seq - behind
          const payload = anEvent(userId, seq, `${head.balance - behind}`, linkLength, at)
          return { seq, channel: userChannel(userId), payload }
        })
        await client.query(INSERT_EVENTS, [
          userId,
          at,
          committed.map(({ seq }) => seq),
          committed.map(({ seq, payload }) => compactPayload(payload, seq, at)),
          committed.map(({ payload }) => payload),
        ])
        await client.query('COMMIT')
        return committed
      } finally {
        client.release()
      }
    },

    async leaveInOutbox(events) {
      const values = [events.map(({ channel }) => channel.replace(/^.*:/, '')), events.map(({ seq }) => seq)]
      await owner.query(INSERT_OUTBOX, values)
    },

    async emptyOutbox() {
      await owner.query('DELETE FROM outbox')
    },

    async publish(events) {
      await publisher?.publish(events)
    },

    async commitAndPublish(userId, count, options) {
      const committed = await ingest.commit(userId, count, options)
      await ingest.publish(committed)
      return committed
    },
  }
  return ingest
}

function anEvent(userId: string, seq: number, balance: string, linkLength: number, time: Date): string {
  const at = time.toISOString()
  return encodeEvent({
    type: 'event',
    seq,
    event: 'order.updated',
    at,
    order: {
      orderId: `A-${userId}`,
      providerOrderId: '12345',
      service: 'Instagram followers',
      link: 'https://instagram.com/'.padEnd(linkLength, 'x'),
      quantity: 1000,
      charge: '2.5',
      currency: 'USD',
      status: 'in_progress',
      remains: 300,
      startCount: 120,
      refunded: '0',
      updatedAt: at,
    },
    account: { balance, currency: 'USD' },
  })
}
