import { connectSocket, mintToken } from '@paxyo/testkit'
import { renameSync } from 'node:fs'
import pg from 'pg'
import { portOf, type Arena } from '../arena.ts'
import { gatewayOf, repeating, under, type Breakage, type Scenario } from './scenario.ts'

/** Breaks by a value of `synchronous_standby_names`; the standby's name is `one`. */
function waitingFor(names: string): Breakage {
  const set = async (arena: Arena, value: string): Promise<void> => {
    await arena.sql(`ALTER SYSTEM SET synchronous_standby_names = '${value}'`)
    await arena.sql('SELECT pg_reload_conf()')
  }
  return { break: (arena) => set(arena, names), repair: (arena) => set(arena, 'one') }
}

const MB = 1_000_000

/** Writes WAL that changes nothing. */
const writeWal = (arena: Arena, mb: number): Promise<void> =>
  arena.sql(
    `SELECT count(pg_logical_emit_message(false, 'game-day', repeat('x', ${MB}))) FROM generate_series(1, ${mb})`,
  )

const READER = 'game-day-reader'

/** Breaks by a query on a standby that reads what the primary locks next: its replay waits for the end of the query. */
const LONG_QUERY: Breakage = {
  async break(arena) {
    const { url } = arena.spare.server
    await arena.sql('ALTER SYSTEM SET max_standby_streaming_delay = -1', url)
    await arena.sql('SELECT pg_reload_conf()', url)
    const reader = new pg.Client({ connectionString: url, application_name: READER })
    reader.on('error', () => undefined)
    await reader.connect()
    await reader.query('BEGIN; SELECT FROM rejected_requests LIMIT 1')
    reader.query('SELECT pg_sleep(3600)').catch(() => undefined)
    await arena.sql('BEGIN; LOCK TABLE rejected_requests; COMMIT')
    await writeWal(arena, 10)
  },
  repair: (arena) =>
    arena.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${READER}'`,
      arena.spare.server.url,
    ),
}

/** Browsers that join, each of another user. */
const JOINS = repeating(async (arena, index) => {
  const client = await connectSocket(gatewayOf(arena), { token: await mintToken(`G-reader-${index}`) })
  await client.next('welcome').finally(() => client.close())
})

const WITHOUT_REPLICA: Breakage = {
  async break({ standbyProxy }) {
    // Nothing listens there.
    standbyProxy.target = 1
    standbyProxy.cut()
  },
  async repair({ standby, standbyProxy }) {
    standbyProxy.target = portOf(standby.server.url)
  },
}

const awayFrom = (folder: string): string => `${folder}.away`

/** The standbys of PostgreSQL, and failover to it. */
export const REPLICATION: readonly Scenario[] = [
  {
    what: 'commits wait for no standby',
    alert: 'PaxyoStandbyNotSynchronous',
    severity: 'ticket',
    ...waitingFor(''),
    runbook: 'Otherwise set `synchronous_standby_names`',
  },
  {
    what: 'commits wait for a standby that does not exist',
    alert: 'PaxyoSynchronousStandbyMissing',
    severity: 'page',
    ...waitingFor('two'),
    runbook: 'the name must be in `synchronous_standby_names`',
  },
  {
    what: 'the epoch is of another timeline, on which commits waited for no standby',
    alert: 'PaxyoEpochRotated',
    severity: 'page',
    break: (arena) => arena.sql('UPDATE stream_epoch SET timeline = timeline - 1, is_synchronous = false'),
    runbook: 'a failover that may have lost commits',
    repair: async () => undefined,
  },
  {
    what: 'kill -9 of one of two standbys',
    alert: 'PaxyoStandbyMissing',
    severity: 'ticket',
    async break({ spare }) {
      spare.kill()
    },
    runbook: 'start it',
    repair: ({ spare }) => spare.restart(),
  },
  {
    what: 'kill -9 of all standbys',
    alert: 'PaxyoStandbyLost',
    severity: 'ticket',
    async break({ standby, spare }) {
      standby.kill()
      spare.kill()
    },
    runbook: 'start it',
    async repair({ standby, spare }) {
      await standby.restart()
      await spare.restart()
    },
  },
  {
    what: 'a long query on a standby holds up its replay',
    alert: 'PaxyoStandbyLagging',
    severity: 'ticket',
    ...LONG_QUERY,
    runbook: 'end long queries there',
  },
  {
    what: 'a replication slot whose standby is gone',
    alert: 'PaxyoWalRetained',
    severity: 'ticket',
    async break(arena) {
      await arena.sql(`SELECT pg_create_physical_replication_slot('game_day', true)`)
      await writeWal(arena, 100)
    },
    runbook: 'SELECT pg_drop_replication_slot(',
    repair: (arena) => arena.sql(`SELECT pg_drop_replication_slot('game_day')`),
  },
  {
    what: 'the folder of the WAL archive is away',
    alert: 'PaxyoArchivingFailing',
    severity: 'ticket',
    async break(arena) {
      renameSync(arena.files.walArchive, awayFrom(arena.files.walArchive))
      await writeWal(arena, 1)
      await arena.sql('SELECT pg_switch_wal()')
    },
    runbook: 'restore access at the archive',
    async repair({ files }) {
      renameSync(awayFrom(files.walArchive), files.walArchive)
    },
  },
  {
    what: 'gateways do not reach the standby that they read',
    alert: 'PaxyoReplicaNotRead',
    severity: 'ticket',
    ...under(JOINS, WITHOUT_REPLICA),
    runbook: 'restore the replica',
  },
  // The last one: the primary is gone.
  {
    what: 'kill -9 of the primary of PostgreSQL, whose standby is promoted',
    alert: 'PaxyoPrimaryChanged',
    severity: 'ticket',
    break: (arena) => arena.failOver(),
    runbook: 'replace a former primary that does not follow',
    repair: async () => undefined,
  },
]
