import { migrateToLatest } from '@paxyo/database'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { MIGRATED_BY_VARIABLE, runPaxyo } from './checkout.ts'
import { installMissing } from './debian-package.ts'
import { useMemoryFolder } from './memory-folder.ts'
import { RUN_FOLDER_VARIABLE } from './once-per-run.ts'
import { providePostgres, provideRedis, type SharedServer } from './provide-servers.ts'
import { TEMPLATE_DATABASE, administer, withDatabase } from './test-database.ts'

/** What the tests run, with the Debian packages that have it. */
const PACKAGES_BY_PROGRAM = {
  apache2: ['apache2', 'libapache2-mod-php'],
  '/usr/lib/postgresql/15/bin/postgres': ['postgresql-15'],
  caddy: ['caddy'],
  chromium: ['chromium'],
  'chromium-headless-shell': ['chromium-headless-shell'],
  faketime: ['faketime'],
  'firefox-esr': ['firefox-esr'],
  haproxy: ['haproxy'],
  mariadb: ['mariadb-client-core'],
  mariadbd: ['mariadb-server-core'],
  nginx: ['nginx-light'],
  pgbouncer: ['pgbouncer'],
  php: ['php-cli', 'php-curl', 'php-mysql', 'php-pgsql', 'php-sqlite3'],
  phpunit: ['phpunit'],
  pip3: ['python3-pip'],
  prometheus: ['prometheus'],
  'prometheus-alertmanager': ['prometheus-alertmanager'],
  'redis-server': ['redis-server'],
  'systemd-analyze': ['systemd'],
}

/** The part of Jest's configuration that matters here. */
interface JestConfig {
  /** Which files of tests were asked for; all when there are none. */
  readonly testPathPatterns: { readonly patterns: readonly string[] }
}

/** What the global teardown, in the same process, finds. */
export interface TestRun {
  paxyoTestServers?: readonly SharedServer[]
  removeMemoryFolder?: () => void
}

/** Provides everything that tests need, once for all of them. */
export default async function globalSetup({ testPathPatterns }: JestConfig): Promise<void> {
  // The tests of a few files install what they need themselves.
  if (testPathPatterns.patterns.length === 0) installMissing(PACKAGES_BY_PROGRAM)
  // A proxy from the environment, for curl and others, cannot reach the tests' own servers.
  for (const name of ['no_proxy', 'NO_PROXY']) {
    process.env[name] = [process.env[name], 'localhost', '127.0.0.1', '::1'].filter(Boolean).join(',')
  }
  // The processes that tests start share Node's compile cache, which makes their start a third faster.
  process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'paxyo-test-compile-cache')
  const removeMemoryFolder = useMemoryFolder()
  process.env[RUN_FOLDER_VARIABLE] = mkdtempSync(join(tmpdir(), 'paxyo-test-run-'))
  const servers: SharedServer[] = []
  Object.assign(globalThis as TestRun, { paxyoTestServers: servers, removeMemoryFolder })

  const postgres = await providePostgres()
  servers.push(postgres)
  const redis = await provideRedis()
  servers.push(redis)
  process.env['PAXYO_TEST_POSTGRES_URL'] = postgres.url
  process.env['PAXYO_TEST_REDIS_URL'] = redis.url
  process.stderr.write(`PostgreSQL: ${postgres.origin}, Redis: ${redis.origin}\n`)

  // With the default of 4,096 iterations, signing in is most of what a connection costs a client.
  if (postgres.origin !== 'given') await administer(`SET scram_iterations = 1; ALTER ROLE postgres PASSWORD 'test'`)
  await administer(`DROP DATABASE IF EXISTS ${TEMPLATE_DATABASE}`)
  await administer(`CREATE DATABASE ${TEMPLATE_DATABASE}`)
  const template = withDatabase(postgres.url, TEMPLATE_DATABASE)
  await migrateTemplate(template)
  await dropLaterPartitions(template)
}

/** Migrates as this version does, or as several versions do one after the other. */
async function migrateTemplate(url: string): Promise<void> {
  const folders = process.env[MIGRATED_BY_VARIABLE]
  if (folders === undefined) return void (await migrateToLatest(url))
  for (const folder of folders.split(delimiter)) await runPaxyo(folder, ['migrate'], url)
}

/**
 * Keeps the partitions of today and the next three days, of which the diagnostics want as many. Each test has new connections,
 * which plan their first statements: with nine partitions of a table that takes twice as long as with five.
 */
async function dropLaterPartitions(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    DO $$
    DECLARE later regclass;
    BEGIN
      FOR later IN SELECT inhrelid FROM pg_inherits JOIN pg_class ON oid = inhrelid
        WHERE relkind = 'r' AND to_date(substring(relname FROM '\\d{4}_\\d\\d_\\d\\d$'), 'YYYY_MM_DD') > (now() AT TIME ZONE 'UTC')::date + 3
      LOOP EXECUTE format('DROP TABLE %s', later);
      END LOOP;
    END $$`)
  await client.end()
}
