import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, freePort, provideProgram, type TestDatabase } from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { connectionSettings } from '../src/connect.ts'
import { findConnectionProblem } from '../src/connection-problem.ts'

// Through Debian's PgBouncer in transaction mode, which does not keep prepared statements (it is older than 1.21).

const LOGIN = `paxyo_pooled_${process.pid}`
const UNPRIVILEGED = 65_534

let database: TestDatabase
let folder: string
const poolers: ChildProcess[] = []
beforeAll(async () => {
  database = await createTestDatabase()
  folder = mkdtempSync(join(tmpdir(), 'paxyo-pgbouncer-'))
  chmodSync(folder, 0o755)
  await database.owner.query(`CREATE ROLE ${LOGIN} LOGIN PASSWORD 'p'; GRANT paxyo_ingest TO ${LOGIN}`)
})
afterAll(async () => {
  for (const pooler of poolers) {
    const exited = once(pooler, 'exit')
    pooler.kill('SIGKILL')
    await exited
  }
  rmSync(folder, { recursive: true })
  await database.owner.query(`DROP ROLE ${LOGIN}`)
  await database[Symbol.asyncDispose]()
})

async function startPooler(...lines: string[]): Promise<string> {
  const { hostname, port } = new URL(database.url)
  const listenPort = await freePort()
  const file = join(folder, `${listenPort}.ini`)
  const server = `host=${hostname} port=${port} dbname=${database.name} user=${LOGIN} password=p`
  writeFileSync(
    file,
    ['[databases]', `paxyo = ${server}`, '[pgbouncer]', 'listen_addr = 127.0.0.1', `listen_port = ${listenPort}`]
      .concat('unix_socket_dir =', 'auth_type = any', 'pool_mode = transaction', ...lines, '')
      .join('\n'),
  )
  const asUser = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}
  poolers.push(spawn(provideProgram(['pgbouncer'], 'pgbouncer'), [file], { stdio: 'ignore', ...asUser }))
  await eventually(async () => {
    const socket = connect(listenPort, '127.0.0.1')
    await once(socket, 'connect')
    socket.destroy()
    return true
  })
  return `postgres://anyone@127.0.0.1:${listenPort}/paxyo`
}

test('without a pooler there is no problem; nor while the database is away', async () => {
  expect(await findConnectionProblem({ url: database.url, role: 'ingest' })).toBeUndefined()
  expect(await findConnectionProblem({ url: 'postgres://me@127.0.0.1:1/paxyo', role: 'ingest' })).toBeUndefined()
})

test('a pooler that rejects, drops or forgets what a connection needs is named with what to change', async () => {
  const strict = await startPooler()
  expect(await findConnectionProblem({ url: strict, role: 'ingest' })).toContain(
    'set ignore_startup_parameters = options in pgbouncer.ini',
  )

  const lenient = await startPooler('ignore_startup_parameters = options')
  const problem = await findConnectionProblem({ url: lenient, role: 'ingest' })
  expect(problem).toContain(`a connection pooler drops ${Object.keys(connectionSettings('ingest')).join(', ')}.`)
  const statements = /As a superuser: (.*;)/.exec(problem!)![1]!
  const superuser = new pg.Client({ connectionString: database.url })
  await superuser.connect()
  await superuser.query(statements)
  await superuser.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [LOGIN])
  await superuser.end()
  const forgetful = await eventually(async () => {
    const found = await findConnectionProblem({ url: lenient, role: 'ingest' })
    return found !== undefined && !found.includes('drops') && found
  })
  expect(forgetful).toContain('does not keep prepared statements: use PgBouncer 1.21 or newer')
})
