import { expect, test } from '@jest/globals'
import { parseMoney } from '@paxyo/order-core'
import { connectSocket, mintToken, ledgerViolations } from '@paxyo/testkit'
import { startSystem } from './system.ts'

const USERS = 4
const ORDERS_PER_USER = 40

test('every snapshot and every look at the ledger, at any moment, shows a ledger that balances', async () => {
  await using system = await startSystem()
  const orders = Array.from({ length: USERS * ORDERS_PER_USER }, (_, index) => String(1000 + index))
  // Sixteen of a user at a time.
  for (let first = 0; first < orders.length; first += 16 * USERS) {
    await Promise.all(
      orders
        .slice(first, first + 16 * USERS)
        .map((id, index) =>
          system.register({ orderId: id, providerOrderId: id, userId: `user-${index % USERS}`, charge: '0.27819' }),
        ),
    )
  }
  let isDone = false
  const webhooks = (async () => {
    // Every order is refunded in three steps, all users at the same time.
    for (const update of [
      { status: 'Partial', remains: 157 },
      { status: 'Partial', remains: 500 },
      { status: 'Canceled' },
    ]) {
      for (let index = 0; index < orders.length; index += 16) {
        await Promise.all(orders.slice(index, index + 16).map((id) => system.webhook({ order_id: id, ...update })))
      }
    }
    isDone = true
  })()

  let looks = 0
  const wrong: unknown[] = []
  const lookAtLedger = async (): Promise<void> => {
    while (!done()) {
      const { rows } = await system.database.owner.query(`
        SELECT user_id FROM accounts
        WHERE balance <> (SELECT sum(refunded) FROM orders WHERE user_id = accounts.user_id)`)
      looks += 1
      wrong.push(...rows, ...Object.entries(await ledgerViolations(system.database.owner)))
    }
  }
  const lookAtSnapshots = async (userId: string): Promise<void> => {
    const token = await mintToken(userId)
    while (!done()) {
      const client = await connectSocket(system.gateway.url, { token })
      const { account, orders: shown, seq } = await client.next('welcome')
      client.close()
      looks += 1
      const refunded = shown!.reduce((sum, order) => sum + parseMoney(order.refunded), 0n)
      if (parseMoney(account!.balance) !== refunded) wrong.push({ userId, seq, account, refunded })
    }
  }
  const done = (): boolean => isDone
  await Promise.all([
    webhooks,
    lookAtLedger(),
    ...Array.from({ length: USERS }, (_, n) => lookAtSnapshots(`user-${n}`)),
  ])

  expect(wrong).toEqual([])
  expect(looks).toBeGreaterThan(20)
  const { rows } = await system.database.owner.query('SELECT DISTINCT balance::text FROM accounts')
  expect(rows).toEqual([{ balance: '11.12760000' }])
})
