import { ledgerViolations } from '@paxyo/testkit'
import pg from 'pg'
import type { Cluster } from './cluster.ts'
import type { WatchingClient } from './watching-client.ts'
import type { Mistake, PlannedOrder } from './workload.ts'

const VIOLATIONS_SHOWN_MAX = 3

/** Compares the database and the events of every client with the result that the workload must have. */
export async function audit(
  cluster: Cluster,
  finished: readonly PlannedOrder[],
  clients: readonly WatchingClient[],
): Promise<string[]> {
  const violations = await auditLedgerOf(cluster)

  const orders = new Map<string, string>()
  await query(cluster, 'SELECT order_id, status, trim_scale(refunded)::text AS refunded FROM orders', (row) =>
    orders.set(row['order_id'] as string, `${String(row['status'])}, refunded ${String(row['refunded'])}`),
  )
  for (const { orderId, expected } of finished) {
    const must = `${expected.status}, refunded ${expected.refunded}`
    if (orders.get(orderId) !== must) violations.push(`${orderId} is ${orders.get(orderId)}, must be ${must}`)
  }
  violations.push(...(await auditDeliveries(cluster, finished)))
  violations.push(...(await auditMistakes(cluster, finished)))

  const committed = new Map<string, string>()
  await query(cluster, 'SELECT user_id, seq, event_payload(events) AS payload FROM events', (row) =>
    committed.set(`${String(row['user_id'])} ${String(row['seq'])}`, row['payload'] as string),
  )
  for (const client of clients) violations.push(...auditClient(client, committed))
  return violations
}

/** Everything that was acknowledged is recorded: an update that is lost may not show in the order, because the next one covers it. */
async function auditDeliveries(cluster: Cluster, finished: readonly PlannedOrder[]): Promise<string[]> {
  const recorded = new Map<string, number>()
  await query(
    cluster,
    `SELECT provider, provider_order_id AS id, count(DISTINCT body)::int AS bodies FROM deliveries
     WHERE body NOT LIKE '%"mark"%' GROUP BY 1, 2`,
    (row) => recorded.set(`${row['provider'] as string} ${row['id'] as string}`, row['bodies'] as number),
  )
  return finished.flatMap(({ orderId, provider, providerOrderId, webhooks }) => {
    const bodies = new Set(webhooks.flatMap(({ body, mistake }) => (mistake === undefined ? body.body : [])))
    const found = recorded.get(`${provider.name} ${providerOrderId}`) ?? 0
    return found < bodies.size ? [`${orderId}: ${found} different bodies, must be ${bodies.size}`] : []
  })
}

/** Every mistake has its trace: a rejected request, or a delivery that went to review. Nothing else is rejected. */
async function auditMistakes(cluster: Cluster, finished: readonly PlannedOrder[]): Promise<string[]> {
  const traces = new Map<string, string>()
  const keep = (row: Record<string, unknown>): void => {
    const mark = /\bm\d+n\d+\b/.exec(row['body'] as string)?.[0] ?? 'no mistake'
    const key = `${row['provider'] as string} ${mark}`
    // Of a webhook that was retried while it waited for its order, only the last one is applied.
    if (traces.has(key) && row['outcome'] === 'superseded') return
    traces.set(key, row['outcome'] as string)
  }
  await query(
    cluster,
    `SELECT provider, convert_from(body, 'UTF8') AS body, 'rejected' AS outcome FROM rejected_requests`,
    keep,
  )
  await query(cluster, `SELECT provider, body, outcome FROM deliveries WHERE body LIKE '%"mark"%'`, keep)

  const violations: string[] = []
  for (const { provider, orderId, isRegisteredFirst, webhooks } of finished) {
    const mistakes = webhooks.flatMap(({ mistake }) => mistake ?? [])
    const outcomeOf = ({ mark }: Mistake): string | undefined => traces.get(`${provider.name} ${mark}`)
    for (const mistake of mistakes) {
      const outcome = outcomeOf(mistake)
      const must = OUTCOMES[mistake.leads]
      // Of several that say the same while they wait for their order, the last one counts.
      const isSuperseded = outcome === 'superseded' && !isRegisteredFirst
      const others = mistakes.filter((other) => other !== mistake && other.leads === mistake.leads)
      if (outcome === must || (isSuperseded && others.some((other) => outcomeOf(other) === must))) continue
      violations.push(`${orderId}: mistake ${mistake.mark} is ${outcome}, must be ${must}`)
    }
  }
  for (const { name } of new Set(finished.map(({ provider }) => provider))) {
    if (traces.has(`${name} no mistake`)) violations.push(`${name}: a webhook that is no mistake was rejected`)
  }
  return violations
}

/** A refill's word is known and changes nothing. A GET is not a webhook. */
const OUTCOMES = { rejected: 'rejected', review: 'review', ignored: 'ignored', none: undefined } as const

/** Every client must have received exactly the events after its first position, in order, byte for byte. */
function auditClient({ userId, firstSeq, received }: WatchingClient, committed: ReadonlyMap<string, string>): string[] {
  const violations: string[] = []
  received.forEach(({ seq, bytes }, index) => {
    if (seq !== firstSeq + 1 + index) violations.push(`${userId} received ${seq} instead of ${firstSeq + 1 + index}`)
    if (bytes !== committed.get(`${userId} ${seq}`)) violations.push(`${userId} received other bytes as ${seq}`)
  })
  return violations.slice(0, VIOLATIONS_SHOWN_MAX)
}

/** Checks the ledger's invariants. The expected refunds come from the workload, independently of the ledger. */
async function auditLedgerOf(cluster: Cluster): Promise<string[]> {
  const owner = new pg.Pool({ connectionString: await cluster.postgresUrl(), max: 1 })
  try {
    const found = await ledgerViolations(owner)
    return Object.entries(found).map(([check, subjects]) => `${check}: ${subjects.join(', ')}`)
  } finally {
    await owner.end()
  }
}

export async function query(
  cluster: Cluster,
  sql: string,
  each: (row: Record<string, unknown>) => void,
): Promise<void> {
  const client = new pg.Client({ connectionString: await cluster.postgresUrl() })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql)
    rows.forEach((row) => each(row))
  } finally {
    await client.end()
  }
}
