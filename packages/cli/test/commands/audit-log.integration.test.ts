import { expect, test } from '@jest/globals'
import { createTestDatabase } from '@paxyo/testkit'
import { paxyo } from '../paxyo.ts'

test('audit-log calls says up to when calls were deleted, unless the list ends earlier', async () => {
  await using database = await createTestDatabase()
  await database.owner.query(`
    INSERT INTO audit_calls (actor, action, subject, result) VALUES ('environment', 'registerOrder', 'A-1', 'ok');
    INSERT INTO audit_log (actor, actor_name, action, after, result) VALUES
      ('database', 'database', 'chainCalls', '{"calls":2,"to":"2026-08-30T06:12:09.5+02:00"}', 'ok'),
      ('database', 'database', 'deleteCalls', '{"through":1,"groups":1,"calls":2}', 'ok')`)
  const list = (...args: string[]) => paxyo(['audit-log', 'calls', ...args], { DATABASE_URL: database.url })
  const until =
    'Calls until 2026-08-30T04:12:09.500000Z were deleted: their retention has ended (AUDIT_CALL_RETENTION_DAYS).\n'

  expect(await list('--subject', 'B-1')).toMatchObject({ code: 0, stdout: 'No calls.\n', stderr: until })
  const whole = await list('--json')
  expect([whole.json(), whole.stderr]).toEqual([expect.objectContaining({ subject: 'A-1' }), until])
  expect((await list('--limit', '1')).stderr).toBe('')
})
