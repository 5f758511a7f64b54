import { expect, test } from '@jest/globals'
import { chainAuditCalls, createKysely, readAuditCalls, verifyAuditLog } from '@paxyo/database'
import { bundleProgram, connectSocket, eventually, ledgerViolations, mintToken, startProcess } from '@paxyo/testkit'
import { fileURLToPath } from 'node:url'
import { PANEL_KEY, startSystem } from '../../e2e/system.ts'

const CRASHING_INGEST = fileURLToPath(new URL('../crash-point-ingest.ts', import.meta.url))

/** More steps than a request has; the loop ends at the first one that is not reached. */
const STEPS_MAX = 100
/** The time limit from the response to the last step; it passes once, at the end. */
const CRASH_MS_MAX = 5_000

test('kill -9 at every step of attaching a provider order that was canceled before: charged once, refunded once', async () => {
  const crashingIngest = await bundleProgram(CRASHING_INGEST)
  await using system = await startSystem()
  const client = await connectSocket(system.gateway.url, { token: await mintToken('user-1') })
  await client.next('welcome')
  const call = (url: string, method: 'POST' | 'PUT', path: string, body: object) =>
    fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${PANEL_KEY}` },
      body: JSON.stringify(body),
    })
  const deposit = { amount: '1000', currency: 'USD', paymentRef: 'p-1' }
  await call(system.ingest.url, 'POST', '/v1/accounts', { userId: 'user-1', currency: 'USD' })
  await call(system.ingest.url, 'POST', '/v1/accounts/user-1/deposits', deposit)

  let stepCount = 0
  for (let crashAt = 1; crashAt <= STEPS_MAX; crashAt += 1) {
    const [orderId, providerOrderId] = [`A-${crashAt}`, `${1000 + crashAt}`]
    expect((await system.register({ orderId, providerOrderId: null, payment: 'account' })).status).toBe(201)
    expect((await system.webhook({ order_id: providerOrderId, status: 'canceled' })).status).toBe(200)
    await using crashing = await startProcess(crashingIngest, { ...system.env, CRASH_AT: String(crashAt) })
    const path = `/v1/orders/${orderId}/provider-order`
    await call(crashing.url, 'PUT', path, { providerOrderId }).catch(() => undefined)
    // The panel repeats the request, whether it had a response or not.
    expect((await call(system.ingest.url, 'PUT', path, { providerOrderId })).status).toBe(200)
    const isDead = await eventually(() => crashing.child.signalCode === 'SIGKILL', CRASH_MS_MAX).catch(() => false)
    if (!isDead) {
      stepCount = crashAt - 1
      break
    }
  }
  expect(stepCount).toBeGreaterThan(6)
  process.stderr.write(`killed at each of ${stepCount} steps\n`)

  await using successor = await system.start('webhook-ingest')
  expect(successor.url).toMatch(/^http/)
  const orders = stepCount + 1
  // Per order: registered, attached, refunded; and the deposit before them.
  const events = await eventually(() => client.events().length === 3 * orders + 1 && client.events())
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 3 * orders + 1 }, (_, index) => index + 1))
  const { rows } = await system.database.owner.query(
    `SELECT kind, count(*)::int FROM ledger_entries GROUP BY kind ORDER BY kind`,
  )
  expect(rows).toEqual([
    { kind: 'charge', count: orders },
    { kind: 'deposit', count: 1 },
    { kind: 'refund', count: orders },
  ])
  const { rows: changes } = await system.database.owner.query(
    'SELECT count(*)::int AS count FROM provider_order_changes',
  )
  expect(changes).toEqual([{ count: orders }])
  expect(await ledgerViolations(system.database.owner)).toEqual({})
  // No change without its call, whenever the process was killed before the calls were chained.
  const audited = system.database.poolAs('ingest', 1)
  await chainAuditCalls(audited)
  const calls = await Array.fromAsync(readAuditCalls(createKysely(audited), {}))
  const attached = calls.filter(({ action, result }) => action === 'attachProviderOrder' && result === 'ok')
  expect(new Set(attached.map(({ subject }) => subject)).size).toBe(orders)
  expect(await verifyAuditLog(createKysely(audited))).toMatchObject({ calls: calls.length, problems: [] })
  client.close()
}, 400_000)
