import { expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import { startIngest } from '../ingest-fixture.ts'

test('an erasure whose process died is finished by a service, and a refund that came meanwhile needs its approval', async () => {
  const refundApproval = { isAlways: true, limits: new Map() }
  await using first = await startIngest(undefined, { refundApproval })
  const { database } = first
  await first.register()
  // A process that died after it had marked the account.
  await database.owner.query(`
    INSERT INTO erasures (erasure_id, user_id, pseudonym, actor, actor_name, requested_at)
    VALUES ('00000000-0000-7000-8000-00000000000e', 'user-1', 'erased-1', 'a', 'a', now() - interval '1 hour');
    UPDATE accounts SET is_erasing = true`)
  const response = await first.webhook({ order_id: '12345', status: 'canceled' })
  expect(response.json().results).toMatchObject([{ outcome: 'parked' }])

  await using second = await startIngest(undefined, { refundApproval, database })
  const review = await eventually(async () => (await second.call('GET', '/v1/reviews?state=open')).json().data[0])
  expect(review).toMatchObject({ reason: 'refund_needs_approval', orderId: 'A-1' })
  const { rows } = await database.owner.query('SELECT user_id, balance::float8 FROM accounts')
  expect(rows).toEqual([{ user_id: 'erased-1', balance: 0 }])
  await eventually(async () => {
    const finished = await database.owner.query('SELECT FROM erasures WHERE finished_at IS NOT NULL')
    return finished.rowCount === 1
  })
})
