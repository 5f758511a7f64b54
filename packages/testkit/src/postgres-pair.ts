import { startLocalPostgres, type LocalPostgres } from '@paxyo/local-postgres'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { eventually } from './eventually.ts'
import { createMigratedData, MIGRATED_PASSWORD } from './migrated-postgres.ts'
import { killTree, signalTree } from './process-tree.ts'

/** A server that streams from a primary. */
export interface Standby {
  readonly server: LocalPostgres
  kill(): void
  /** Starts it again after it was killed, on another port. */
  restart(): Promise<void>
}

/** A migrated PostgreSQL and a standby that streams from it. */
export interface PostgresPair extends AsyncDisposable {
  readonly primary: LocalPostgres
  readonly standby: LocalPostgres
  /** Another standby, for which no COMMIT waits, when it was asked for. */
  readonly spare: Standby | undefined
  /** An address that names both, the standby first. */
  readonly url: string
  /** Ends the primary as the loss of its machine does. */
  killPrimary(): void
  /** Stops all processes of the primary, which keep their connections. */
  pausePrimary(): void
  resumePrimary(): void
  killStandby(): void
  /** Starts it again after it was killed, on another port. */
  restartStandby(): Promise<void>
  pauseStandby(): void
  resumeStandby(): void
  /** Makes the standby a primary. */
  promote(): Promise<void>
}

export interface PostgresPairOptions {
  /** Whether a COMMIT waits for the standby. */
  readonly isSynchronous: boolean
  readonly hasSpare?: boolean
  /** Of the primary. */
  readonly settings?: Readonly<Record<string, string>>
}

export async function startPostgresPair(options: PostgresPairOptions): Promise<PostgresPair> {
  const { isSynchronous, hasSpare = false, settings } = options
  await using cleanups = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-pair-'))
  cleanups.defer(() => rmSync(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'primary')
  await createMigratedData(dataDir)
  const names = hasSpare ? ['one', 'spare'] : ['one']
  // A copy of a stopped server is a base backup.
  for (const name of names) execFileSync('cp', ['-a', dataDir, join(folder, name)])

  const synchronous = isSynchronous ? { synchronous_standby_names: 'one' } : {}
  const primary = await startLocalPostgres({
    dataDir,
    password: MIGRATED_PASSWORD,
    settings: { fsync: 'off', ...synchronous, ...settings },
  })
  cleanups.defer(() => killTree(primary.pid))
  const { port } = new URL(primary.url)
  const standbys: Standby[] = []
  for (const name of names) standbys.push(await startStandby(join(folder, name), name, port, cleanups))
  const [standby, spare] = standbys as [Standby, Standby?]
  await eventually(() => areStreaming(primary.url, names.length))
  await ask(primary.url, 'GRANT pg_read_all_stats TO paxyo_ingest')
  const owned = cleanups.move()
  return {
    primary,
    get standby() {
      return standby.server
    },
    spare,
    url: standby.server.url.replace(/(127\.0\.0\.1:\d+)/, `$1,127.0.0.1:${port}`),
    killPrimary: () => killTree(primary.pid),
    pausePrimary: () => signalTree(primary.pid, 'SIGSTOP'),
    resumePrimary: () => signalTree(primary.pid, 'SIGCONT'),
    killStandby: () => standby.kill(),
    restartStandby: () => standby.restart(),
    pauseStandby: () => signalTree(standby.server.pid, 'SIGSTOP'),
    resumeStandby: () => signalTree(standby.server.pid, 'SIGCONT'),
    async promote() {
      await ask(standby.server.url, 'SELECT pg_promote()')
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/**
 * Starts a standby.
 *
 * @param dataDir a copy of its primary's data.
 * @param name in `synchronous_standby_names`.
 * @param port of its primary.
 */
async function startStandby(
  dataDir: string,
  name: string,
  port: string,
  cleanups: AsyncDisposableStack,
): Promise<Standby> {
  execFileSync('cp', ['-a', join(dataDir, 'PG_VERSION'), join(dataDir, 'standby.signal')])
  const connection = `host=127.0.0.1 port=${port} user=postgres password=${MIGRATED_PASSWORD} application_name=${name}`
  const settings = { fsync: 'off', primary_conninfo: connection }
  const start = (): Promise<LocalPostgres> => startLocalPostgres({ dataDir, password: MIGRATED_PASSWORD, settings })
  let server = await start()
  const kill = (): void => killTree(server.pid)
  cleanups.defer(kill)
  return {
    get server() {
      return server
    },
    kill,
    async restart() {
      server = await start()
    },
  }
}

async function areStreaming(url: string, standbys: number): Promise<boolean> {
  const [row] = await ask(url, `SELECT count(*)::int AS count FROM pg_stat_replication WHERE state = 'streaming'`)
  return row?.['count'] === standbys
}

async function ask(url: string, query: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(query)).rows
  } finally {
    await client.end()
  }
}
