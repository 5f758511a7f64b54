import { describe, expect, test } from '@jest/globals'
import { createTestDatabase, provideProgram, sharedRedisUrl, startService, TEST_JWT_SECRET } from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// systemd verifies the units, and the services run with the units' commands and settings.

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const UNITS = join(ROOT, 'infra/deploy/systemd')
const names = readdirSync(UNITS).filter((name) => /\.(service|timer)$/.test(name))
const services = names.filter((name) => name.endsWith('.service'))
const read = (name: string): string => readFileSync(join(UNITS, name), 'utf8')
const valuesOf = (unit: string, key: string): string[] =>
  [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value!)

/** Of 10; the rest is the network, and V8, which must write the code that it runs. */
const EXPOSURE_MAX = 1.5

test('systemd knows every line of the units', () => {
  const program = provideProgram(['systemd-analyze'], 'systemd')
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-units-'))
  try {
    // systemd-analyze requires that the program exists, wherever this clone is.
    const node = `"${process.execPath}"`
    for (const name of names) writeFileSync(join(dir, name), read(name).replaceAll('/usr/bin/node', node))
    const paths = names.map((name) => join(dir, name))
    const { status, stdout, stderr } = spawnSync(program, ['verify', '--man=no', ...paths], { encoding: 'utf8' })
    expect({ status, complaints: (stdout + stderr).split('\n').filter((line) => line.includes(dir)) }).toEqual({
      status: 0,
      complaints: [],
    })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test.each(services)('%s is closed to what it does not need', (name) => {
  const program = provideProgram(['systemd-analyze'], 'systemd')
  const { stdout, stderr } = spawnSync(program, ['security', '--offline=true', '--no-pager', join(UNITS, name)], {
    encoding: 'utf8',
  })
  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? []
  expect({ exposure: Number(exposure), stderr }).toMatchObject({ exposure: expect.any(Number) })
  expect(Number(exposure)).toBeLessThanOrEqual(EXPOSURE_MAX)
})

test.each(services)('%s runs a program that is there, with no secret in its text', (name) => {
  const unit = read(name)
  const program = valuesOf(unit, 'ExecStart')[0]!
    .split(' ')
    .find((argument) => argument.endsWith('.ts'))!
  expect(existsSync(join(ROOT, program))).toBe(true)
  const credentials = valuesOf(unit, 'LoadCredential').map((value) => value.split(':')[0]!)
  const files = valuesOf(unit, 'Environment').flatMap((value) => /_FILE=%d\/(\S+)/.exec(value)?.[1] ?? [])
  expect(files).toEqual(credentials)
  const readme = read('README.md')
  for (const credential of credentials) expect(readme).toContain(`\`${credential}\``)
})

describe('started as by its unit', () => {
  test.each(['webhook-ingest', 'ws-gateway'] as const)('%s becomes ready, and ends in time', async (name) => {
    await using database = await createTestDatabase()
    const secrets: Record<string, string> = {
      'database-url-ingest': database.url,
      'database-url-gateway': database.url,
      'redis-url': sharedRedisUrl(),
      'redis-message-keys': randomBytes(24).toString('base64url'),
      'audit-signing-keys': randomBytes(24).toString('base64url'),
      // The units are for production, which rejects secrets that can be guessed.
      'webhook-tokens': randomBytes(24).toString('base64url'),
      'panel-api-keys': randomBytes(24).toString('base64url'),
      'jwt-secrets': TEST_JWT_SECRET,
    }
    const unit = read(`paxyo-${name}.service`)
    const dir = mkdtempSync(join(tmpdir(), 'paxyo-credentials-'))
    try {
      for (const [file, secret] of Object.entries(secrets)) writeFileSync(join(dir, file), `${secret}\n`)
      const environment = valuesOf(unit, 'Environment')
        .flatMap((value) => value.replaceAll('%d', dir).split(' '))
        .filter((pair) => !pair.startsWith('PORT='))
      await using service = await startService(name, {
        ...Object.fromEntries(environment.map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string])),
        // Another port, because this machine may use the unit's; the rest would be in an EnvironmentFile.
        METRICS_PORT: '0',
        CHANNEL_PREFIX: `${randomUUID()}:`,
        ALLOWED_ORIGINS: 'https://panel.example.com',
        DRAIN_SECONDS: '0',
      })
      expect((await fetch(`${service.url}/livez`)).status).toBe(200)
      expect(await service.end('SIGTERM')).toBe(0)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })

  test.each(['webhook-ingest', 'ws-gateway'])('%s is given longer to end than it takes', (name) => {
    const main = readFileSync(join(ROOT, `services/${name}/src/main.ts`), 'utf8')
    const config = readFileSync(join(ROOT, `services/${name}/src/config.ts`), 'utf8')
    const closeMs = Number(/CLOSE_TIMEOUT_MS = ([\d_]+)/.exec(main)?.[1]?.replaceAll('_', '') ?? 30_000)
    const drainS = Number(/DRAIN_SECONDS: .*default\((\d+)\)/.exec(config)?.[1] ?? 0)
    expect(Number(valuesOf(read(`paxyo-${name}.service`), 'TimeoutStopSec')[0])).toBeGreaterThan(
      drainS + closeMs / 1000,
    )
  })
})
