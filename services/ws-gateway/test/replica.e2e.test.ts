import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createPool } from '@paxyo/database'
import type { LocalPostgres } from '@paxyo/local-postgres'
import {
  bundleProgram,
  connectSocket,
  eventually,
  hostEnvironment,
  mintToken,
  type PostgresPair,
  sharedRedisUrl,
  startPostgresPair,
  startService,
  TEST_JWT_SECRET,
} from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pg, { type Pool } from 'pg'
import { createReplicaReads, type ReplicaOutcome } from '../src/read/replica-reads.ts'
import { createStreamReader, type StreamReader } from '../src/read/stream-reader.ts'
import { createTestIngest } from './test-ingest.ts'

const MAIN = await bundleProgram(fileURLToPath(new URL('../src/main.ts', import.meta.url)))

/** A primary, and a replica that streams from it. */
let pair: PostgresPair
let primary: LocalPostgres
let replica: LocalPostgres
const pools: Pool[] = []
beforeAll(async () => {
  pair = await startPostgresPair({ isSynchronous: false, hasSpare: true })
  primary = pair.primary
  replica = pair.standby
  // webhook-ingest does it when it starts.
  await superuserOf(primary).query('UPDATE stream_epoch SET timeline = 1, is_synchronous = false')
})
afterAll(async () => {
  for (const pool of pools) await pool.end()
  await pair[Symbol.asyncDispose]()
})

function superuserOf({ url }: LocalPostgres): Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  // A server ends its connections when it stops.
  pool.on('error', () => undefined)
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
      ...hostEnvironment(),
      DATABASE_URL: replica.url,
      REDIS_URL: sharedRedisUrl(),
      JWT_SECRETS: TEST_JWT_SECRET,
      PORT: '0',
    },
  })

  expect(status).toBe(1)
  expect(stderr).toBe(`The configuration is wrong:
  - DATABASE_URL: must be the primary, and this server is a replica (it is in recovery). A replica may lag: browsers would \
receive events, such as refunds, that they already have. To read from a replica, set it as DATABASE_READ_URL, with READ_REPLICA=on
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

  const position = { epoch: (await createStreamReader({ pool: ofPrimary }).history()).epoch, seq: 5 }
  const lagging = createStreamReader({ pool: ofReplica })
  await expect(lagging.start('ann', position)).rejects.toThrow('the database is a replica')
  await expect(lagging.start('ann', undefined)).rejects.toThrow('the database is a replica')
  await expect(lagging.history()).rejects.toThrow('the database is a replica')
  const start = await createStreamReader({ pool: ofPrimary }).start('ann', position)
  expect(start).toMatchObject({ mode: 'resumed', seq: 5, events: [] })
})

async function lastSeqAt(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ last_seq: number }>(`SELECT last_seq FROM accounts WHERE user_id = 'ann'`)
  return rows[0]?.last_seq
}

describe('with READ_REPLICA', () => {
  let ingest: ReturnType<typeof createTestIngest>
  const outcomes: ReplicaOutcome[] = []
  const pausesReplay = async (isPaused: boolean): Promise<void> => {
    await superuserOf(replica).query(`SELECT pg_wal_replay_${isPaused ? 'pause' : 'resume'}()`)
  }
  function readerOf(waitMsMax?: number, servers = [primary, replica] as const): StreamReader {
    const [pool, ofReplica] = [poolTo(servers[0]), poolTo(servers[1])]
    const source = createReplicaReads({
      primary: pool,
      replica: ofReplica,
      onRead: (outcome) => void outcomes.push(outcome),
      now: () => performance.now(),
      ...(waitMsMax === undefined ? {} : { waitMsMax }),
    })
    return createStreamReader({ pool, source })
  }
  beforeAll(async () => {
    ingest = createTestIngest({ owner: superuserOf(primary) })
    await ingest.openAccount('bea')
    await ingest.commit('bea', 3)
  })

  test('a replica that has what is needed is read', async () => {
    await pausesReplay(false)
    const reader = readerOf(60_000)
    outcomes.length = 0
    expect(await reader.start('bea', undefined)).toMatchObject({ mode: 'snapshot', seq: 3 })
    expect(await reader.behind([{ userId: 'bea', seq: 2 }])).toEqual(['bea'])
    expect(outcomes).toEqual(['replica', 'replica'])
  })

  test('a replica that is late is waited for', async () => {
    await pausesReplay(true)
    await ingest.commit('bea', 1)
    outcomes.length = 0
    const started = readerOf(60_000).start('bea', undefined)
    await pausesReplay(false)
    expect(await started).toMatchObject({ seq: 4 })
    expect(outcomes).toEqual(['replica'])
  })

  test('while a replica is paused, the primary is read, so that nothing is shown backwards; and then the replica again', async () => {
    await pausesReplay(true)
    await ingest.commit('bea', 2)
    const reader = readerOf()
    const { epoch } = await reader.history()
    outcomes.length = 0
    expect(await reader.start('bea', { epoch, seq: 4 })).toMatchObject({
      mode: 'resumed',
      events: [{ seq: 5 }, { seq: 6 }],
    })
    expect(await reader.start('bea', undefined)).toMatchObject({ mode: 'snapshot', seq: 6 })
    expect((await reader.eventsSince('bea', 4)).map(({ seq }) => seq)).toEqual([5, 6])
    expect(outcomes).toEqual(['behind', 'behind', 'behind'])
    await pausesReplay(false)
    await eventually(async () => (await reader.eventsSince('bea', 4)) && outcomes.at(-1) === 'replica')
  })

  test('a browser that comes back while the replica is paused gets what it missed', async () => {
    const env = {
      DATABASE_URL: primary.url,
      DATABASE_READ_URL: replica.url,
      READ_REPLICA: 'on',
      REDIS_URL: sharedRedisUrl(),
      CHANNEL_PREFIX: 'replica-test:',
      JWT_SECRETS: TEST_JWT_SECRET,
      ALLOWED_ORIGINS: '*',
    }
    await using gateway = await startService('ws-gateway', env)
    const { epoch } = await readerOf().history()
    await pausesReplay(true)
    await ingest.commit('bea', 1)
    const socket = await connectSocket(gateway.url, { token: await mintToken('bea'), resume: { epoch, seq: 6 } })
    expect(await socket.next('welcome')).toMatchObject({ mode: 'resumed', seq: 6 })
    expect(await socket.next('event')).toMatchObject({ seq: 7 })
    socket.close()
    await pausesReplay(false)
  })

  test('a replica that has received more than the server that was promoted is not read: it has commits that were lost', async () => {
    await superuserOf(replica).query('SELECT pg_promote()')
    const diverged = pair.spare!.server
    await ingest.commit('ann', 2_000)
    const ofDiverged = poolTo(diverged)
    await eventually(async () => (await lastSeqAt(ofDiverged)) === 2_005)

    const reader = readerOf(undefined, [replica, diverged])
    outcomes.length = 0
    expect(await reader.start('ann', undefined)).toMatchObject({ seq: 5 })
    await superuserOf(replica).query('UPDATE stream_epoch SET timeline = 2')
    expect(await reader.start('ann', undefined)).toMatchObject({ seq: 5 })
    expect(outcomes).toEqual(['behind', 'behind'])
  })

  test('a replica that is promoted is not read, and one that is gone does not matter', async () => {
    const reader = readerOf()
    outcomes.length = 0
    expect(await reader.start('bea', undefined)).toMatchObject({ seq: 7 })
    // A browser has received what was committed there since, and comes to a gateway that still reads the former primary.
    const { epoch, timeline } = await reader.history()
    const promoted = createStreamReader({ pool: poolTo(replica) })
    expect(await promoted.history()).toEqual({ epoch, timeline: timeline + 1 })
    await createTestIngest({ owner: superuserOf(replica) }).commit('bea', 1)
    expect(await promoted.start('bea', { epoch, seq: 8 })).toMatchObject({ mode: 'resumed', seq: 8 })
    await expect(reader.start('bea', { epoch, seq: 8 })).rejects.toThrow('former primary')
    await replica.stop()
    expect(await reader.start('bea', undefined)).toMatchObject({ seq: 7 })
    expect(await readerOf().start('bea', undefined)).toMatchObject({ seq: 7 })
    expect(outcomes).toEqual(['behind', 'behind', expect.stringMatching(/failed|unavailable/), 'unavailable'])
  })
})
