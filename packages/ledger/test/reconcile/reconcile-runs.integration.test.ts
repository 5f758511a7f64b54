import { expect, test } from '@jest/globals'
import { createTestDatabase } from '@paxyo/testkit'
import type { Pool, PoolClient } from 'pg'
import { createReconcileRuns } from '../../src/reconcile/reconcile-runs.ts'

test('the lock of a run ends with its work, also when the work fails', async () => {
  await using database = await createTestDatabase()
  const runs = createReconcileRuns(database.poolAs('ingest', 2))
  const inside = await runs.whileAlone(async () => [await runs.whileAlone(() => Promise.resolve('twice'))])
  expect(inside).toEqual([undefined])
  await expect(runs.whileAlone(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await runs.whileAlone(() => Promise.resolve('again'))).toBe('again')
})

/** A pooler in transaction mode: outside of a transaction, each statement reaches the next of its sessions. */
function poolerOf(sessions: readonly PoolClient[]): Pool {
  let turns = 0
  const connect = () => {
    let held: PoolClient | undefined
    const query = (text: string): Promise<unknown> => {
      const session = held ?? sessions[turns++ % sessions.length]!
      held = /^(?:COMMIT|ROLLBACK)/.test(text) ? undefined : text === 'BEGIN' ? session : held
      return session.query(text)
    }
    return Promise.resolve({ query, release: () => undefined })
  }
  return { connect } as unknown as Pool
}

test('behind a pooler that gives each transaction another session, the lock ends with its work, too', async () => {
  await using database = await createTestDatabase()
  const pool = database.poolAs('ingest', 3)
  const sessions = [await pool.connect(), await pool.connect()]
  try {
    expect(await createReconcileRuns(poolerOf(sessions)).whileAlone(() => Promise.resolve('first'))).toBe('first')
    expect(await createReconcileRuns(pool).whileAlone(() => Promise.resolve('second'))).toBe('second')
  } finally {
    for (const session of sessions) session.release()
  }
})
