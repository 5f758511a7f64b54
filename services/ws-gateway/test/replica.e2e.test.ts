import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createPool, migrateToLatest } from '@paxyo/database'
import { startLocalPostgres, type LocalPostgres } from '@paxyo/local-postgres'
import { eventually, sharedRedisUrl, TEST_JWT_SECRET } from '@paxyo/testkit'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg, { type Pool } from 'pg'
import { createStreamReader } from '../src/read/stream-reader.ts'
import { createTestIngest } from './test-ingest.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const PASSWORD = 'p'

/** A primary, and a replica that streams from it. */
let folder: string
let primary: LocalPostgres
let replica: LocalPostgres
const pools: Pool[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paxyo-replica-'))
  const [dataDir, copy] = [join(folder, 'primary'), join(folder, 'replica')]
  primary = await startLocalPostgres({ dataDir, password: PASSWORD, settings: { fsync: 'off' } })
  await migrateToLatest(primary.url)
  await primary.stop()
  // A copy of a stopped server is a base backup.
  execFileSync('cp', ['-a', dataDir, copy])
  execFileSync('cp', ['-a', join(copy, 'PG_VERSION'), join(copy, 'standby.signal')])
  primary = await startLocalPostgres({ dataDir, password: PASSWORD, settings: { fsync: 'off' } })
  const { port } = new URL(primary.url)
  replica = await startLocalPostgres({
    dataDir: copy,
    password: PASSWORD,
    settings: { primary_conninfo: `host=127.0.0.1 port=${port} user=postgres password=${PASSWORD}` },
  })
})
afterAll(async () => {
  for (const pool of pools) await pool.end()
  await replica.stop()
  await primary.stop()
  await rm(folder, { recursive: true })
})

function superuserOf({ url }: LocalPostgres): Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  pools.push(pool)
  return pool
}

const poolTo = ({ url }: LocalPostgres): Pool => {
  const pool = createPool({ url, role: 'gateway', name: 'test', max: 2 })
  pools.push(pool)
  return pool
}

test('a gateway does not start on a replica, and says why', () => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN], {
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: replica.url,
      REDIS_URL: sharedRedisUrl(),
      JWT_SECRETS: TEST_JWT_SECRET,
      PORT: '0',
    },
  })

  expect(status).toBe(1)
  expect(stderr).toBe(`The configuration is wrong:
  - DATABASE_URL: must be the primary, and this server is a replica (it is in recovery). A replica may lag: browsers would \
receive events, such as refunds, that they already have
`)
})

test('a gateway whose database became a replica reads nothing from it, so that no browser goes back in time', async () => {
  const [ofPrimary, ofReplica] = [poolTo(primary), poolTo(replica)]
  const ingest = createTestIngest({ owner: superuserOf(primary) })
  await ingest.openAccount('ann')
  await ingest.commit('ann', 3)
  await eventually(async () => (await lastSeqAt(ofReplica)) === 3)
  await superuserOf(replica).query('SELECT pg_wal_replay_pause()')
  await ingest.commit('ann', 2)
  expect(await lastSeqAt(ofReplica)).toBe(3)

  const position = { epoch: await createStreamReader({ pool: ofPrimary }).epoch(), seq: 5 }
  const lagging = createStreamReader({ pool: ofReplica })
  await expect(lagging.start('ann', position)).rejects.toThrow('the database is a replica')
  await expect(lagging.start('ann', undefined)).rejects.toThrow('the database is a replica')
  await expect(lagging.epoch()).rejects.toThrow('the database is a replica')
  const start = await createStreamReader({ pool: ofPrimary }).start('ann', position)
  expect(start).toMatchObject({ mode: 'resumed', seq: 5, events: [] })
})

async function lastSeqAt(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ last_seq: number }>(`SELECT last_seq FROM accounts WHERE user_id = 'ann'`)
  return rows[0]?.last_seq
}
