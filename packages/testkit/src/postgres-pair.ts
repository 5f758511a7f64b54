import { startLocalPostgres, type LocalPostgres } from '@paxyo/local-postgres'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { eventually } from './eventually.ts'
import { createMigratedData, MIGRATED_PASSWORD } from './migrated-postgres.ts'
import { killTree, signalTree } from './process-tree.ts'

/** A migrated PostgreSQL and a standby that streams from it. */
export interface PostgresPair extends AsyncDisposable {
  readonly primary: LocalPostgres
  readonly standby: LocalPostgres
  /** An address that names both, the standby first. */
  readonly url: string
  /** Ends the primary as the loss of its machine does. */
  killPrimary(): void
  /** Stops all processes of the primary, which keep their connections. */
  pausePrimary(): void
  resumePrimary(): void
  killStandby(): void
  pauseStandby(): void
  resumeStandby(): void
  /** Makes the standby a primary. */
  promote(): Promise<void>
}

export interface PostgresPairOptions {
  /** Whether a COMMIT waits for the standby. */
  readonly isSynchronous: boolean
}

export async function startPostgresPair({ isSynchronous }: PostgresPairOptions): Promise<PostgresPair> {
  await using cleanups = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-pair-'))
  cleanups.defer(() => rmSync(folder, { recursive: true, force: true }))
  const [dataDir, copy] = [join(folder, 'primary'), join(folder, 'standby')]
  await createMigratedData(dataDir)
  // A copy of a stopped server is a base backup.
  execFileSync('cp', ['-a', dataDir, copy])
  execFileSync('cp', ['-a', join(copy, 'PG_VERSION'), join(copy, 'standby.signal')])

  const synchronous = isSynchronous ? { synchronous_standby_names: 'one' } : {}
  const primary = await startLocalPostgres({
    dataDir,
    password: MIGRATED_PASSWORD,
    settings: { fsync: 'off', ...synchronous },
  })
  cleanups.defer(() => killTree(primary.pid))
  const { port } = new URL(primary.url)
  const connection = `host=127.0.0.1 port=${port} user=postgres password=${MIGRATED_PASSWORD} application_name=one`
  const standby = await startLocalPostgres({
    dataDir: copy,
    password: MIGRATED_PASSWORD,
    settings: { fsync: 'off', primary_conninfo: connection },
  })
  cleanups.defer(() => killTree(standby.pid))
  await eventually(() => isStreaming(primary.url))
  await ask(primary.url, 'GRANT pg_read_all_stats TO paxyo_ingest')
  const owned = cleanups.move()
  return {
    primary,
    standby,
    url: standby.url.replace(/(127\.0\.0\.1:\d+)/, `$1,127.0.0.1:${port}`),
    killPrimary: () => killTree(primary.pid),
    pausePrimary: () => signalTree(primary.pid, 'SIGSTOP'),
    resumePrimary: () => signalTree(primary.pid, 'SIGCONT'),
    killStandby: () => killTree(standby.pid),
    pauseStandby: () => signalTree(standby.pid, 'SIGSTOP'),
    resumeStandby: () => signalTree(standby.pid, 'SIGCONT'),
    async promote() {
      await ask(standby.url, 'SELECT pg_promote()')
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function isStreaming(url: string): Promise<boolean> {
  const [row] = await ask(url, `SELECT count(*)::int AS count FROM pg_stat_replication WHERE state = 'streaming'`)
  return row?.['count'] === 1
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
