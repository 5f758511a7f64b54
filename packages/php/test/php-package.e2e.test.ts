import { beforeAll, expect, test } from '@jest/globals'
import { makeSecret, parseSecret, signWebhook } from '@paxyo/standard-webhooks'
import {
  createTestDatabase,
  keptFolder,
  provideProgram,
  providePhp,
  startMariaDb,
  startPhpServer,
} from '@paxyo/testkit'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startScriptedServer } from './scripted-server.ts'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))
const WASM = fileURLToPath(new URL('php-wasm.ts', import.meta.url))
/** The oldest and the newest version that the package supports, as packages of npm. */
const WASM_VERSION = '3.1.56'
const VERSIONS = ['7.4', '8.4'] as const
/** PHP, its extensions and PHPUnit may have to be installed first. */
const SET_UP_TIMEOUT_MS = 180_000

const run = promisify(execFile)
let phpunit: string
let wasm: string
beforeAll(() => {
  providePhp('curl', 'pdo_mysql', 'pdo_pgsql', 'pdo_sqlite')
  phpunit = provideProgram(['phpunit'], 'phpunit')
  const versions = VERSIONS.map((version) => version.replace('.', '-'))
  wasm = keptFolder(`php-wasm-${[WASM_VERSION, ...versions].join('-')}`, (folder) => {
    const names = ['universal', ...versions.map((version) => `node-${version}`)]
    const packages = names.map((name) => `@php-wasm/${name}@${WASM_VERSION}`)
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline']
    execFileSync('npm', ['install', '--prefix', folder, ...options, ...packages], { stdio: 'pipe' })
  })
}, SET_UP_TIMEOUT_MS)

/** The last line of what PHPUnit printed, which counts its tests. @throws Error with all of it when one of them failed. */
async function lastLine(result: Promise<{ stdout: string; stderr: string }>): Promise<string> {
  try {
    return (await result).stdout.trim().split('\n').at(-1)!
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`PHPUnit failed:\n${stdout}\n${stderr}`, { cause: error })
  }
}

test('the tests of the package, with MariaDB, PostgreSQL, SQLite and a server that fails', async () => {
  await using mariaDb = await startMariaDb()
  mariaDb.run('CREATE DATABASE panel')
  await using database = await createTestDatabase()
  await using server = await startScriptedServer()
  const { hostname, port, username, password } = new URL(database.url)
  const pgsql = `host=${hostname};port=${port};dbname=${database.name};user=${username};password=${decodeURIComponent(password)}`
  const env = {
    PATH: process.env['PATH'],
    PAXYO_TEST_MYSQL: `mysql:unix_socket=${mariaDb.socket};dbname=panel`,
    PAXYO_TEST_PGSQL: `pgsql:${pgsql}`,
    PAXYO_TEST_SERVER: server.url,
  }
  expect(await lastLine(run(phpunit, [], { cwd: PACKAGE, env }))).toMatch(/^OK \(\d{2,} tests, \d{3,} assertions\)$/)
})

test.each(VERSIONS)('the tests of the package, with PHP %s and SQLite', async (version) => {
  const settings = {
    include_path: '/usr/share/php',
    // Its own deprecations are reported to PHPUnit, which fails then; those of PHPUnit itself do not matter.
    display_errors: '0',
    log_errors: '0',
    // WebAssembly starts no processes.
    disable_functions: 'proc_open,popen,shell_exec,exec,system,passthru',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-d', `${name}=${value}`])
  const args = [WASM, wasm, version, ...options, phpunit, '--exclude-group', 'server']
  const result = run(process.execPath, args, { cwd: PACKAGE, env: { PATH: process.env['PATH'] } })
  expect(await lastLine(result)).toMatch(/^OK \(\d{2,} tests, \d{3,} assertions\)$/)
})

test('a webhook is retried when its handler ends the script, or PHP does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-handler-'))
  const secret = makeSecret()
  writeFileSync(
    join(folder, 'index.php'),
    `<?php
    ini_set('display_errors', '1'); // As in XAMPP: PHP reports that it was ended, with the status 200.
    require '${PACKAGE}autoload.php';
    Paxyo\\PaxyoWebhook::serve('${secret}', static function (array $change): void {
        if ($change['type'] === 'or die') {
            exit('The database is away.');
        }
        if ($change['type'] === 'memory') {
            ini_set('memory_limit', '4M');
            str_repeat('x', 8 << 20);
        }
    });`,
  )
  await using server = await startPhpServer(folder, {})
  const statusOf = async (type: string): Promise<number> => {
    const body = JSON.stringify({ type, data: {} })
    const headers = signWebhook({ id: 'w-1', body }, [parseSecret(secret)!], Date.now())
    return (await fetch(server.url, { method: 'POST', headers: { ...headers }, body })).status
  }
  try {
    expect([await statusOf('returns'), await statusOf('or die'), await statusOf('memory')]).toEqual([204, 500, 500])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
