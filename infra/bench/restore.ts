import { migrateToLatest } from '@paxyo/database'
import { unprivilegedUser } from '@paxyo/local-postgres'
import { freePort, provideProgram } from '@paxyo/testkit'
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { generateLedger } from '../../packages/ledger/test/audit/generate-ledger.ts'

// Measures how long a dump of the database and its restore take, as infra/deploy/compose/postgres/backup.sh and restore.sh do both, on
// a PostgreSQL with its default settings. pg_dump may not be older than the server, so both are Debian's.
const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '1000000' },
    jobs: { type: 'string', default: '2' },
    programs: { type: 'string', default: '/usr/lib/postgresql/15/bin' },
  },
})
const orders = Number(values.orders)
provideProgram([join(values.programs, 'postgres')], 'postgresql-15')

const dir = mkdtempSync(join(tmpdir(), 'paxyo-bench-restore-'))
const [data, dump] = [join(dir, 'data'), join(dir, 'paxyo.dump')]
const user = await unprivilegedUser()
if (user !== undefined) chownSync(dir, user.uid, user.gid)
const port = await freePort()
const urlOf = (name: string): string => `postgres://postgres@127.0.0.1:${port}/${name}`

/** @returns the milliseconds that it took. */
function run(program: string, ...args: readonly string[]): number {
  const startedAt = performance.now()
  execFileSync(join(values.programs, program), args, { ...user, stdio: ['ignore', 'ignore', 'inherit'] })
  return performance.now() - startedAt
}

async function query(name: string, text: string): Promise<number> {
  const client = new pg.Client({ connectionString: urlOf(name) })
  await client.connect()
  try {
    const { rows } = await client.query<{ value: string }>(text)
    return Number(rows[0]?.value)
  } finally {
    await client.end()
  }
}

/** @returns the milliseconds that it took. */
async function restore(name: string, ...how: readonly string[]): Promise<number> {
  await query('postgres', `CREATE DATABASE ${name}`)
  const tookMs = run('pg_restore', '--exit-on-error', ...how, `--dbname=${urlOf(name)}`, dump)
  const count = 'SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM events) AS value'
  if ((await query(name, count)) !== (await query('postgres', count))) throw new Error(`${name} lacks rows`)
  return tookMs
}

run('initdb', '-D', data, '-A', 'trust', '-U', 'postgres', '--locale=C.UTF-8', '-E', 'UTF8')
const settings = `-p ${port} -k ${dir} -c listen_addresses=127.0.0.1`
run('pg_ctl', '-D', data, '-o', settings, '-l', join(dir, 'log'), '-w', 'start')
try {
  await migrateToLatest(urlOf('postgres'))
  const owner = new pg.Pool({ connectionString: urlOf('postgres'), max: 1 })
  await generateLedger(owner, { orders, users: orders / 10 })
  await owner.end()
  const bytes = await query('postgres', `SELECT pg_database_size('postgres') AS value`)
  const report = (what: string, tookMs: number): void =>
    console.log(
      `${what}: ${(tookMs / 1000).toFixed(1)} s, ${(bytes / 1000 / tookMs).toFixed(0)} MB of the database a second; ` +
        `100 GB take ${((tookMs * 100e9) / bytes / 60_000).toFixed(0)} min`,
    )
  console.log(`${orders} orders: ${(bytes / 1e9).toFixed(2)} GB with indexes`)
  report('dump', run('pg_dump', '--format=custom', `--file=${dump}`, urlOf('postgres')))
  console.log(`its file: ${(statSync(dump).size / 1e9).toFixed(2)} GB`)
  report('restore in one transaction', await restore('restored', '--single-transaction'))
  report(`restore by ${values.jobs} jobs`, await restore('restored_by_jobs', `--jobs=${values.jobs}`))
} finally {
  run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop')
  rmSync(dir, { recursive: true })
}
