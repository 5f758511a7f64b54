import { expect, test } from '@jest/globals'
import { bundleProgram, connectSocket, eventually, mintToken, startProcess } from '@paxyo/testkit'
import { fileURLToPath } from 'node:url'
import { startSystem, WEBHOOK_TOKEN } from '../../e2e/system.ts'

const CRASHING_INGEST = fileURLToPath(new URL('../crash-point-ingest.ts', import.meta.url))

/** More steps than a webhook has; the loop ends at the first one that is not reached. */
const STEPS_MAX = 100
/** The time limit from the response to the last step; it passes once, at the end. */
const CRASH_MS_MAX = 5_000

test('kill -9 at every step between accepting and acknowledging: one refund, one event, each time', async () => {
  const crashingIngest = await bundleProgram(CRASHING_INGEST)
  await using system = await startSystem()
  const client = await connectSocket(system.gateway.url, { token: await mintToken('user-1') })
  await client.next('welcome')

  let stepCount = 0
  for (let crashAt = 1; crashAt <= STEPS_MAX; crashAt += 1) {
    const order = { orderId: `A-${crashAt}`, providerOrderId: `${1000 + crashAt}` }
    expect((await system.register(order)).status).toBe(201)
    // At its start it publishes the events that the process before it did not.
    await using crashing = await startProcess(crashingIngest, { ...system.env, CRASH_AT: String(crashAt) })
    const body = { order_id: order.providerOrderId, status: 'canceled' }
    const response = await fetch(`${crashing.url}/webhooks/godofpanel/${WEBHOOK_TOKEN}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).catch(() => undefined)
    // Without a response the provider retries, and another process accepts it.
    const accepted = response?.status === 200 ? response : await system.webhook(body)
    expect(accepted.status).toBe(200)
    const isDead = await eventually(() => crashing.child.signalCode === 'SIGKILL', CRASH_MS_MAX).catch(() => false)
    if (!isDead) {
      stepCount = crashAt - 1
      break
    }
  }
  expect(stepCount).toBeGreaterThan(5)
  process.stderr.write(`killed at each of ${stepCount} steps\n`)

  await using successor = await system.start('webhook-ingest')
  expect(successor.url).toMatch(/^http/)
  const orders = stepCount + 1
  const events = await eventually(() => client.events().length === 2 * orders && client.events())
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 2 * orders }, (_, index) => index + 1))
  const { rows } = await system.database.owner.query(
    `SELECT count(*)::int AS refunds, sum(amount)::text AS paid,
       (SELECT balance::text FROM accounts) AS balance,
       (SELECT count(*)::int FROM orders WHERE status = 'canceled' AND refunded = charge) AS refunded
     FROM ledger_entries`,
  )
  const paid = (orders * 2.5).toFixed(8)
  expect(rows).toEqual([{ refunds: orders, paid, balance: paid, refunded: orders }])
  client.close()
}, 400_000)
