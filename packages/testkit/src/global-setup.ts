import { migrateToLatest } from '@paxyo/database'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BUNDLES_VARIABLE } from './bundle.ts'
import { findChromium } from './chromium.ts'
import { provideProgram } from './debian-package.ts'
import { providePostgres, provideRedis, type SharedServer } from './provide-servers.ts'
import { TEMPLATE_DATABASE, administer, withDatabase } from './test-database.ts'

const PROGRAMS: readonly [string, ...string[]][] = [
  ['php', 'php-cli', 'php-curl'],
  ['prometheus', 'prometheus'],
  ['faketime', 'faketime'],
  ['haproxy', 'haproxy'],
  ['nginx', 'nginx-light'],
  ['apache2', 'apache2'],
  ['caddy', 'caddy'],
  ['pip3', 'python3-pip'],
  ['systemd-analyze', 'systemd'],
]

/** Provides everything that tests need, once for all of them. */
export default async function globalSetup(): Promise<void> {
  // Programs are installed before the tests start: a test does not have that much time.
  findChromium()
  for (const [program, ...packages] of PROGRAMS) {
    try {
      provideProgram([program], ...packages)
    } catch {
      // Only the tests that need it fail, with a message that names the package.
    }
  }
  // A proxy from the environment, for curl and others, cannot reach the tests' own servers.
  for (const name of ['no_proxy', 'NO_PROXY']) {
    process.env[name] = [process.env[name], 'localhost', '127.0.0.1', '::1'].filter(Boolean).join(',')
  }
  // The processes that tests start share Node's compile cache, which makes their start a third faster.
  process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'paxyo-test-compile-cache')
  process.env[BUNDLES_VARIABLE] = mkdtempSync(join(tmpdir(), 'paxyo-test-bundles-'))
  const servers: SharedServer[] = []
  ;(globalThis as { paxyoTestServers?: SharedServer[] }).paxyoTestServers = servers

  const postgres = await providePostgres()
  servers.push(postgres)
  const redis = await provideRedis()
  servers.push(redis)
  process.env['PAXYO_TEST_POSTGRES_URL'] = postgres.url
  process.env['PAXYO_TEST_REDIS_URL'] = redis.url
  process.stderr.write(`PostgreSQL: ${postgres.origin}, Redis: ${redis.origin}\n`)

  await administer(`DROP DATABASE IF EXISTS ${TEMPLATE_DATABASE}`)
  await administer(`CREATE DATABASE ${TEMPLATE_DATABASE}`)
  await migrateToLatest(withDatabase(postgres.url, TEMPLATE_DATABASE))
}
