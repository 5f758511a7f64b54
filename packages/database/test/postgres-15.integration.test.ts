import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { freePort, provideProgram } from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createPool } from '../src/connect.ts'
import { MIGRATION_NAMES, migrateToLatest } from '../src/migrate.ts'
import { insertSample } from './sample-rows.ts'

const PROGRAMS = '/usr/lib/postgresql/15/bin'

describe('PostgreSQL 15, the oldest supported version', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-postgres-15-'))
  const data = join(folder, 'data')
  let url = ''

  beforeAll(async () => {
    provideProgram([join(PROGRAMS, 'postgres')], 'postgresql-15')
    const { uid, gid } = postgresUser()
    if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
    const port = await freePort()
    run('initdb', ['-D', data, '-A', 'trust', '-U', 'postgres', '--locale=C.UTF-8', '-E', 'UTF8', '-N'])
    const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`
    run('pg_ctl', ['-D', data, '-o', settings, '-l', join(folder, 'log'), '-w', 'start'])
    url = `postgres://postgres@127.0.0.1:${port}/postgres`
  })
  afterAll(() => {
    run('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop'])
    rmSync(folder, { recursive: true })
  })

  test('is migrated, by an owner that is no superuser, too, and serves the roles', async () => {
    const superuser = new pg.Pool({ connectionString: url, max: 1 })
    await superuser.query('CREATE ROLE owner LOGIN CREATEROLE')
    await superuser.query('CREATE DATABASE paxyo OWNER owner')
    await superuser.end()
    const ofOwner = url.replace('postgres@', 'owner@').replace(/postgres$/, 'paxyo')
    expect(await migrateToLatest(ofOwner)).toEqual(MIGRATION_NAMES)
    expect(await migrateToLatest(ofOwner)).toEqual([])

    const ingest = createPool({ url: ofOwner, role: 'ingest', name: 'postgres-15', max: 1 })
    try {
      await insertSample(ingest, 'accounts')
      await insertSample(ingest, 'orders')
      await insertSample(ingest, 'deliveries')
      const { rows } = await ingest.query('SELECT tableoid::regclass::text AS partition FROM deliveries')
      expect(rows).toEqual([{ partition: expect.stringMatching(/^deliveries_\d/) }])
      // A sequential scan that is off costs so much, before PostgreSQL 18, that its statement would be compiled each time.
      const { rows: plans } = await ingest.query<{ 'QUERY PLAN': [{ JIT?: object }] }>(
        'EXPLAIN (ANALYZE, FORMAT JSON) SELECT count(*) FROM information_schema.sql_features',
      )
      expect(plans[0]!['QUERY PLAN'][0]).not.toHaveProperty('JIT')
    } finally {
      await ingest.end()
    }
  })

  test('gets the logins of docker compose, which own and inherit nothing', async () => {
    const file = new URL('../../../infra/deploy/compose/postgres/logins.sql', import.meta.url)
    const logins = ['owner', 'ingest', 'gateway'].map(
      (name) => `-c paxyo.${name}_login=login_${name} -c paxyo.${name}_password=p`,
    )
    const options = `-c paxyo.retire=off ${logins.join(' ')}`
    const superuser = new pg.Client({ connectionString: url.replace(/postgres$/, 'paxyo'), options })
    await superuser.connect()
    try {
      // Repeated, as after a rotation.
      for (let time = 1; time <= 2; time += 1) await superuser.query(readFileSync(file, 'utf8'))
      const { rows } = await superuser.query(
        `SELECT rolname AS login, rolinherit AS inherits, pg_has_role(rolname, 'paxyo_ingest', 'USAGE') AS uses,
           pg_has_role(rolname, 'paxyo_ingest', 'MEMBER') AS may_set
         FROM pg_roles WHERE rolname LIKE 'login_%' ORDER BY rolname`,
      )
      expect(rows).toEqual([
        { login: 'login_gateway', inherits: false, uses: false, may_set: false },
        { login: 'login_ingest', inherits: false, uses: false, may_set: true },
        { login: 'login_owner', inherits: false, uses: false, may_set: true },
      ])
    } finally {
      await superuser.end()
    }
  })
})

/** PostgreSQL does not run as root. */
function postgresUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const idOf = (kind: '-u' | '-g'): number => Number(spawnSync('id', [kind, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: idOf('-u'), gid: idOf('-g') }
}

function run(program: string, args: readonly string[]): void {
  // The server inherits its output, which would keep a pipe open.
  const { status } = spawnSync(join(PROGRAMS, program), args, { ...postgresUser(), cwd: tmpdir(), stdio: 'ignore' })
  if (status !== 0) throw new Error(`${program} of PostgreSQL 15 failed`)
}
