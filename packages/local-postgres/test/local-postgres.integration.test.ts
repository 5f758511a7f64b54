import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createMigratedData, eventually, MIGRATED_PASSWORD } from '@paxyo/testkit'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startLocalPostgres, type LocalPostgres } from '../src/local-postgres.ts'

let folder: string
let dataDir: string
let started: LocalPostgres[]
beforeEach(async () => {
  // Only its owner may enter it: mkdtemp makes it 0700.
  folder = await mkdtemp(join(tmpdir(), 'paxyo-local-postgres-'))
  dataDir = join(folder, 'data')
  started = []
})
afterEach(async () => {
  for (const server of started) await server.stop().catch(() => undefined)
  await rm(folder, { recursive: true })
})

async function start(settings: Record<string, string> = {}, password = 'p@ss/word'): Promise<LocalPostgres> {
  const server = await startLocalPostgres({ dataDir, password, settings: { fsync: 'off', ...settings } })
  started.push(server)
  return server
}

/** On data that exists. */
async function startAgain(settings: Record<string, string> = {}): Promise<LocalPostgres> {
  await createMigratedData(dataDir)
  return start(settings, MIGRATED_PASSWORD)
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

const isReachable = (url: string): Promise<boolean> =>
  query(url, 'SELECT').then(
    () => true,
    () => false,
  )

test('it starts, is found by a second call, keeps its data, and stops', async () => {
  const first = await start({ work_mem: '5MB' })
  expect(first.attached).toBe(false)
  expect(await query(first.url, `SELECT current_user, current_setting('work_mem') AS work_mem`)).toEqual([
    { current_user: 'postgres', work_mem: '5MB' },
  ])
  await query(first.url, `CREATE TABLE kept AS SELECT 'a row' AS value`)

  const second = await start()
  expect(second).toMatchObject({ attached: true, pid: first.pid, url: first.url })
  expect(await query(second.url, 'TABLE kept')).toEqual([{ value: 'a row' }])

  await second.stop()
  await expect(query(first.url, 'TABLE kept')).rejects.toThrow('ECONNREFUSED')

  const third = await start()
  expect(third.attached).toBe(false)
  expect(third.pid).not.toBe(first.pid)
  expect(await query(third.url, `SELECT value, current_setting('work_mem') AS work_mem FROM kept`)).toEqual([
    { value: 'a row', work_mem: '4MB' },
  ])
})

test('what was committed survives kill -9, and who takes the port then is not mistaken for the server', async () => {
  const first = await startAgain({ fsync: 'on' })
  await query(first.url, `CREATE TABLE kept AS SELECT 'a row' AS value`)
  const busy = new pg.Client({ connectionString: first.url })
  busy.on('error', () => undefined)
  await busy.connect()
  const sleeping = busy.query('SELECT pg_sleep(30)').catch((error: Error) => error.message)
  process.kill(first.pid, 'SIGKILL')
  const somebody = await listenOn(Number(new URL(first.url).port))

  try {
    const second = await start({}, MIGRATED_PASSWORD)
    expect(second.attached).toBe(false)
    expect(second.url).not.toBe(first.url)
    expect(await query(second.url, 'TABLE kept')).toEqual([{ value: 'a row' }])
    expect(await sleeping).toMatch(/terminat/)
  } finally {
    somebody.close()
  }

  function listenOn(port: number): Promise<Server> {
    return eventually(
      () =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer()
          server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server))
        }),
    )
  }
})

test('stopping rolls open transactions back instead of waiting for them', async () => {
  const server = await startAgain()
  await query(server.url, 'CREATE TABLE kept (value text)')
  const open = new pg.Client({ connectionString: server.url })
  open.on('error', () => undefined)
  await open.connect()
  await open.query(`BEGIN; INSERT INTO kept VALUES ('uncommitted')`)
  await server.stop()

  expect(await query((await start({}, MIGRATED_PASSWORD)).url, 'TABLE kept')).toEqual([])
})

test('it listens to this machine only, wants the password, and leaves it nowhere', async () => {
  const { url } = await start()

  expect(await query(url, `SELECT current_setting('listen_addresses') AS addresses`)).toEqual([
    { addresses: '127.0.0.1' },
  ])
  await expect(query(url.replace('p%40ss%2Fword', 'guess'), 'SELECT')).rejects.toThrow('password authentication failed')
  expect(await readdir(folder)).toEqual(['data'])
})

describe('it works in a folder that', () => {
  test('only its owner may enter, root included, and that is not made yet', async () => {
    await chmod(folder, 0o700)
    dataDir = join(folder, 'not', 'yet', 'there')
    const server = await start()

    expect(await isReachable(server.url)).toBe(true)
    await server.stop()
    expect(await isReachable(server.url)).toBe(false)
  })

  test('everybody may enter, that is empty, and where an initdb was killed', async () => {
    await chmod(folder, 0o755)
    await mkdir(dataDir)
    await mkdir(`${dataDir}.new`)
    await writeFile(join(`${dataDir}.new`, 'half-done'), '')
    const server = await start()

    expect(await isReachable(server.url)).toBe(true)
    expect(await readdir(folder)).toEqual(['data'])
    await server.stop()
    expect(await isReachable(server.url)).toBe(false)
  })
})

describe('wrong use fails, and says why:', () => {
  test('a folder with other things in it, which stay', async () => {
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'thesis.txt'), 'years of work')

    await expect(start()).rejects.toThrow(`${dataDir} is not empty and contains no PostgreSQL data`)
    expect(await readFile(join(dataDir, 'thesis.txt'), 'utf8')).toBe('years of work')
  })

  test('a file where the folder should be', async () => {
    await writeFile(dataDir, 'years of work')

    await expect(start()).rejects.toThrow(`${dataDir} is not a folder`)
    expect(await readFile(dataDir, 'utf8')).toBe('years of work')
  })

  test('no password', async () => {
    await expect(start({}, '')).rejects.toThrow('password')
    expect(await readdir(folder)).not.toContain('data')
  })

  test('a setting that PostgreSQL does not know, data of another version', async () => {
    await expect(startAgain({ colour: 'green' })).rejects.toThrow('unrecognized configuration parameter "colour"')

    await writeFile(join(dataDir, 'PG_VERSION'), '17\n')
    await expect(start()).rejects.toThrow('initialized by PostgreSQL version 17')
  })
})
