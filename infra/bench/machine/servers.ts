import { startLocalPostgres } from '@paxyo/local-postgres'
import { createMigratedData, MIGRATED_PASSWORD, startRedisServer } from '@paxyo/testkit'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { cpuSecondsOf, cpuSecondsOfFamily } from './processes.ts'

/** The PostgreSQL and the Redis of one run. */
export interface Servers extends AsyncDisposable {
  readonly redisUrl: string
  /** Copies the migrated and seeded database; returns the copy's connection string. */
  copyDatabase(name: string): Promise<string>
  postgresCpuSeconds(): number
  redisCpuSeconds(): number
}

const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: '200',
  shared_buffers: '512MB',
  shared_preload_libraries: 'pg_stat_statements',
  // No checkpoint during a round: it would slow down only one of the variants.
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
}

const EXTENSIONS = ['CREATE EXTENSION pg_stat_statements', 'CREATE EXTENSION pg_walinspect']
const TEMPLATE = 'bench_template'

/**
 * Starts both, with fsync on, migrates the template of every variant's database, and seeds it.
 *
 * @param migrate migrates as another version does.
 */
export async function startServers(seed: string, migrate?: (url: string) => Promise<unknown>): Promise<Servers> {
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-bench-'))
  const dataDir = join(dir, 'postgres')
  if (migrate === undefined) await createMigratedData(dataDir)
  const postgres = await startLocalPostgres({ dataDir, password: MIGRATED_PASSWORD, settings: SETTINGS })
  const redis = await startRedisServer()
  // Ctrl-C and errors end this process without the stop below; neither server may outlive it.
  const killBoth = (): void => {
    redis.process.kill('SIGKILL')
    process.kill(postgres.pid, 'SIGQUIT')
    rmSync(dir, { recursive: true, force: true })
  }
  process.once('exit', killBoth)
  const stop = async (): Promise<void> => {
    process.off('exit', killBoth)
    await redis.stop()
    await postgres.stop()
    rmSync(dir, { recursive: true, force: true })
  }
  const urlOf = (name: string): string => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href
  try {
    await runSql(postgres.url, `CREATE DATABASE ${TEMPLATE} TEMPLATE postgres STRATEGY file_copy`)
    await migrate?.(urlOf(TEMPLATE))
    for (const statement of [...EXTENSIONS, seed, 'VACUUM ANALYZE']) {
      await runSql(urlOf(TEMPLATE), statement)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return {
    redisUrl: redis.url,
    async copyDatabase(name) {
      await runSql(postgres.url, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY file_copy`)
      return urlOf(name)
    },
    postgresCpuSeconds: () => cpuSecondsOfFamily(postgres.pid),
    redisCpuSeconds: () => cpuSecondsOf(redis.process.pid!),
    [Symbol.asyncDispose]: stop,
  }
}

/** Runs a statement as the owner, on a new connection. */
export async function runSql<Row extends pg.QueryResultRow>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}
