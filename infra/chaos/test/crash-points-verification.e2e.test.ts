import { expect, test } from '@jest/globals'
import { startSimulator } from '@paxyo/provider-simulator'
import { bundleProgram, connectSocket, eventually, mintToken, startProcess } from '@paxyo/testkit'
import { fileURLToPath } from 'node:url'
import { startSystem, WEBHOOK_TOKEN } from '../../e2e/system.ts'

const CRASHING_INGEST = fileURLToPath(new URL('../crash-point-ingest.ts', import.meta.url))

/** More steps than a webhook and its verification have; the loop ends at the first one that is not reached. */
const STEPS_MAX = 150
/** The time limit from the commit to the last step; it passes once, at the end. */
const CRASH_MS_MAX = 5_000

test('kill -9 at any step between a webhook and the money that its provider verifies: paid once, by a process that is left', async () => {
  await using provider = await startSimulator({ apiKey: 'a-key', shapes: ['text'], retry: { delayMsMax: 200 } })
  const crashingIngest = await bundleProgram(CRASHING_INGEST)
  await using system = await startSystem({
    env: { PROVIDER_API_URL: provider.apiUrl, PROVIDER_API_KEY: 'a-key', VERIFY_REFUNDS: 'on' },
  })
  const client = await connectSocket(system.gateway.url, { token: await mintToken('user-1') })
  await client.next('welcome')
  const statusOf = async (orderId: string): Promise<unknown> =>
    (await system.database.owner.query('SELECT status FROM orders WHERE order_id = $1', [orderId])).rows[0]

  let orders = 0
  for (let crashAt = 1; crashAt <= STEPS_MAX; crashAt += 1) {
    const orderId = `${1000 + crashAt}`
    orders += 1
    provider.add({ orderId })
    expect((await system.register({ orderId: `A-${orderId}`, providerOrderId: orderId })).status).toBe(201)
    await using crashing = await startProcess(crashingIngest, { ...system.env, CRASH_AT: String(crashAt) })
    const authentication = { kind: 'path', token: WEBHOOK_TOKEN } as const
    provider.setWebhook({ url: `${crashing.url}/webhooks/godofpanel`, authentication })
    provider.cancel(orderId)
    const isOver = await eventually(
      async () =>
        crashing.child.signalCode === 'SIGKILL' ||
        JSON.stringify(await statusOf(`A-${orderId}`)) === '{"status":"canceled"}',
    )
    expect(isOver).toBe(true)
    const isDead = await eventually(() => crashing.child.signalCode === 'SIGKILL', CRASH_MS_MAX).catch(() => false)
    // The provider retries webhooks without a response, at a process that is up.
    provider.setWebhook({ url: `${system.ingest.url}/webhooks/godofpanel`, authentication })
    provider.announce([orderId])
    await crashing.end('SIGKILL')
    if (!isDead) break
  }
  expect(orders).toBeGreaterThan(8)
  process.stderr.write(`killed at ${orders - 1} steps\n`)

  // It resumes the verifications of the killed processes, independent of their leases.
  await using successor = await system.start('webhook-ingest')
  expect(successor.url).toMatch(/^http/)
  await eventually(async () => {
    const { rows } = await system.database.owner.query(
      `SELECT FROM deliveries WHERE outcome = 'awaiting_verification' LIMIT 1`,
    )
    return rows.length === 0
  })
  const { rows } = await system.database.owner.query(
    `SELECT count(*)::int AS refunds, sum(amount)::text AS paid, (SELECT balance::text FROM accounts) AS balance,
       (SELECT count(*)::int FROM orders WHERE status = 'canceled' AND refunded = charge) AS refunded,
       (SELECT count(*)::int FROM reviews) AS reviews
     FROM ledger_entries`,
  )
  const paid = (orders * 2.5).toFixed(8)
  expect(rows).toEqual([{ refunds: orders, paid, balance: paid, refunded: orders, reviews: 0 }])
  const events = await eventually(() => client.events().length === 2 * orders && client.events())
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 2 * orders }, (_, index) => index + 1))
  client.close()
}, 240_000)
