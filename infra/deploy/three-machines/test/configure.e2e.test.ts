import { afterAll, describe, expect, test } from '@jest/globals'
import { completeSecrets, rotate } from '@paxyo/secrets'
import { eventually, freePort, provideProgram } from '@paxyo/testkit'
import { spawn, spawnSync, type ChildProcess, type SpawnSyncReturns } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// What configure.sh writes on each of three machines.

const SCRIPT = fileURLToPath(new URL('../configure.sh', import.meta.url))
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
const folder = mkdtempSync(join(tmpdir(), 'paxyo-three-machines-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

const secrets = await completeSecrets({}, ['rt.example.com'], new Date())
for (const [name, text] of Object.entries(secrets)) write(join(folder, 'secrets', name), text)

/** An empty Debian, as a folder. @returns it. */
function makeMachine(name: string): string {
  const root = join(folder, name)
  write(join(root, 'etc/hosts'), '127.0.0.1 localhost\n')
  write(join(root, 'etc/redis/redis.conf'), 'bind 127.0.0.1\n')
  write(join(root, 'etc/haproxy/haproxy.cfg'), '# from Debian\n')
  return root
}

function configure(root: string, machine: string, settings: Record<string, string> = {}): SpawnSyncReturns<string> {
  const env = { PATH: process.env['PATH'], SECRETS: join(folder, 'secrets'), ROOT: root, ...settings }
  return spawnSync('bash', [SCRIPT, machine, ...ADDRESSES], { env, encoding: 'utf8' })
}

const ORIGINS = { ALLOWED_ORIGINS: 'https://panel.example.com' }
const configured = (...args: Parameters<typeof configure>): void =>
  expect(configure(...args)).toMatchObject({ status: 0, stderr: '' })

describe.each(['one', 'two', 'three'])('machine %s', (machine) => {
  const root = makeMachine(machine)
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  configured(root, machine, ORIGINS)
  // The second time it changes nothing.
  configured(root, machine)
  const address = ADDRESSES[['one', 'two', 'three'].indexOf(machine)]!

  test('HAProxy accepts its configuration', () => {
    const program = provideProgram(['haproxy'], 'haproxy')
    const file = join(folder, machine, 'haproxy.cfg')
    // Names and a user that this machine need not have.
    const config = read('etc/haproxy/haproxy.cfg')
      .replaceAll(/ postgres-\w+:/g, ' 127.0.0.1:')
      .replaceAll(/^ {2}(?:user|group) haproxy\n/gm, '')
      .replace('/etc/haproxy/tls/', join(folder, machine, 'etc/haproxy/tls/'))
    writeFileSync(file, config)
    const { status, stderr } = spawnSync(program, ['-c', '-f', file], { encoding: 'utf8' })
    expect({ status, alerts: stderr.split('\n').filter((line) => /ALERT|WARNING/.test(line)) }).toEqual({
      status: 0,
      alerts: [],
    })
    for (const port of [5000, 5001]) expect(config).toContain(`bind 127.0.0.1:${port}\n`)
    for (const server of ADDRESSES.flatMap((one) => [`${one}:8081`, `${one}:8082`])) expect(config).toContain(server)
  })

  test('the members know each other', () => {
    expect(read('etc/hosts').match(/postgres-\w+/g)).toEqual(['postgres-one', 'postgres-two', 'postgres-three'])
    expect(read('etc/systemd/system/etcd.service.d/paxyo.conf')).toContain(`NODE=etcd-${machine} `)
    expect(read('etc/systemd/system/patroni.service.d/paxyo.conf')).toContain(
      `NODE=postgres-${machine} LISTEN=${address} PATRONI_ETCD_HOSTS=etcd-one:2379,etcd-two:2379,etcd-three:2379\n`,
    )
    const redis = read('etc/redis/redis.conf')
    expect(redis.match(/^bind 10.*$/gm)).toEqual([`bind ${address} 127.0.0.1`])
    expect(redis.includes('replicaof 10.0.0.1 6379')).toBe(machine !== 'one')
    expect(read('etc/redis/sentinel.conf')).toContain('sentinel monitor mymaster 10.0.0.1 6379 2\n')
  })

  test('the services reach PostgreSQL through HAProxy, and Redis through the sentinels', () => {
    expect(read('etc/paxyo/secrets/database-url-ingest')).toMatch(/@127\.0\.0\.1:5000\/paxyo\?sslmode=verify-full$/)
    expect(read('etc/paxyo/secrets/redis-url')).toMatch(
      /^redis:\/\/:[\w-]+@10\.0\.0\.1:26379,redis:\/\/10\.0\.0\.2:26379,redis:\/\/10\.0\.0\.3:26379\n$/,
    )
    for (const service of ['webhook-ingest', 'ws-gateway']) {
      expect(read(`etc/paxyo/${service}.env`)).toContain(`HOST=${address}\nTRUST_PROXY=${ADDRESSES.join(',')}\n`)
    }
    expect(read('etc/paxyo/exporter.env')).toContain(`HOST=${address}\nCERTIFICATES=127.0.0.1:443,/etc/paxyo/ca.crt\n`)
  })
})

test('without the origins of the panel it writes nothing', () => {
  const { status, stderr } = configure(makeMachine('without-origins'), 'one')
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('ALLOWED_ORIGINS: must be') })
})

test('only root reads the files with settings and secrets, and PostgreSQL its own', () => {
  const modeOf = (path: string): string => (statSync(join(folder, 'one', path)).mode & 0o777).toString(8)
  const files = ['webhook-ingest.env', 'ws-gateway.env', 'secrets/redis-url', 'checksums', 'postgres/postgres.key']
  expect(files.map((file) => modeOf(`etc/paxyo/${file}`))).toEqual(['600', '600', '600', '600', '400'])
})

test('a file that was changed since is kept, and named; all others follow the secrets', () => {
  const root = makeMachine('changed')
  configured(root, 'one', ORIGINS)
  write(join(root, 'etc/haproxy/haproxy.cfg'), '# mine\n')
  write(join(root, 'etc/paxyo/webhook-ingest.env'), 'LOG_LEVEL=debug\n')
  const rotated = join(folder, 'new-certificate')
  for (const [name, text] of Object.entries(secrets)) write(join(rotated, name), text)
  write(join(rotated, 'tls/site.pem'), 'renewed')
  const again = (): SpawnSyncReturns<string> => configure(root, 'one', { SECRETS: rotated })

  const kept = { status: 0, stderr: '/etc/haproxy/haproxy.cfg was changed, and is kept\n' }
  expect([again(), again()]).toMatchObject([kept, kept])
  expect(readFileSync(join(root, 'etc/haproxy/haproxy.cfg'), 'utf8')).toBe('# mine\n')
  expect(readFileSync(join(root, 'etc/paxyo/webhook-ingest.env'), 'utf8')).toBe('LOG_LEVEL=debug\n')
  expect(readFileSync(join(root, 'etc/haproxy/tls/site.pem'), 'utf8')).toBe('renewed')
})

test('a machine that joins follows the present master of Redis, also the one that was the master', () => {
  const root = makeMachine('joining')
  configured(root, 'one', { ...ORIGINS, REDIS_MASTER: '10.0.0.3' })
  expect(readFileSync(join(root, 'etc/redis/redis.conf'), 'utf8')).toContain('\nreplicaof 10.0.0.3 6379\n')
  expect(readFileSync(join(root, 'etc/redis/sentinel.conf'), 'utf8')).toContain('monitor mymaster 10.0.0.3 6379 2\n')
})

test("operators' commands get what the services have", () => {
  const root = join(folder, 'two')
  const bin = join(folder, 'bin')
  // What they start prints its arguments and its environment.
  const stub = '#!/bin/sh\necho "$@"\nenv\n'
  const run = (name: string, program: string): string => {
    write(join(bin, name), stub)
    const script = readFileSync(join(root, 'usr/local/bin', name), 'utf8').replace(program, `sh ${join(bin, name)}`)
    return spawnSync('sh', ['-c', script, name, 'list'], { encoding: 'utf8', env: { PATH: process.env['PATH'] } })
      .stdout
  }
  const paxyo = run('paxyo', '/usr/bin/node')
  expect(paxyo).toMatch(/ \S+\/packages\/cli\/src\/main\.ts list\n/)
  expect(paxyo).toContain('REDIS_TOPOLOGY=sentinel\n')
  for (const [, name] of paxyo.matchAll(/=\/etc\/paxyo\/secrets\/(.+)$/gm)) {
    expect(readFileSync(join(root, 'etc/paxyo/secrets', name!), 'utf8')).not.toBe('')
  }
  expect(run('patronictl', '/usr/bin/patronictl')).toContain('PATRONI_ETCD_HOSTS=etcd-one:2379,')
})

test('Redis and Sentinel take a new password while they run, and keep it', async () => {
  const root = makeMachine('rotated')
  configured(root, 'one', ORIGINS)
  const [redisPort, sentinelPort] = [await freePort(), await freePort()]
  const sentinelConf = join(root, 'etc/redis/sentinel.conf')
  const local = readFileSync(sentinelConf, 'utf8')
    .replace('10.0.0.1 6379', `127.0.0.1 ${redisPort}`)
    .replace('/var/lib/redis', root)
  writeFileSync(sentinelConf, local)
  const program = provideProgram(['redis-server'], 'redis-server')
  const cli = provideProgram(['redis-cli'], 'redis-tools')
  const start = (file: string, port: number, ...args: readonly string[]): ChildProcess =>
    spawn(program, [join(root, 'etc/redis', file), '--port', `${port}`, '--bind', '127.0.0.1', ...args], { cwd: root })
  const startRedis = (): ChildProcess => start('redis.conf', redisPort)
  const ping = (port: number, password?: string): string => {
    const env = password === undefined ? {} : { REDISCLI_AUTH: password }
    return spawnSync(cli, ['-p', `${port}`, 'ping'], { env, encoding: 'utf8' }).stdout.trim()
  }
  // Debian's ports are those of this test.
  const ports = `case $port in 6379) port=${redisPort} ;; 26379) port=${sentinelPort} ;; esac`
  write(join(folder, 'redirect/redis-cli'), `#!/bin/bash\nport=$2\n${ports}\nexec ${cli} -p "$port"\n`)
  chmodSync(join(folder, 'redirect/redis-cli'), 0o755)

  const old = secrets['redis-ingest-passwords']!
  const both = rotate(secrets, 'redis-ingest-passwords')
  const added = both['redis-ingest-passwords']!.split(',')[0]!
  const rotated = join(folder, 'rotated-secrets')
  for (const [name, text] of Object.entries(both)) write(join(rotated, name), text)
  const settings = { SECRETS: rotated, PATH: `${join(folder, 'redirect')}:${process.env['PATH']}` }
  // While they do not run, the next run finds the old password again.
  expect(configure(root, 'one', settings)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Could not connect'),
  })

  const sentinel = start('sentinel.conf', sentinelPort, '--sentinel')
  let redis = startRedis()
  try {
    await eventually(() => ping(redisPort, old) === 'PONG' && ping(sentinelPort) === 'PONG')
    configured(root, 'one', settings)

    expect([ping(redisPort, added), ping(redisPort, old)]).toEqual(['PONG', expect.stringMatching(/^NOAUTH/)])
    expect(readFileSync(sentinelConf, 'utf8')).toContain(`\nsentinel auth-pass mymaster ${added}\n`)
    expect(readFileSync(join(root, 'etc/paxyo/secrets/redis-url'), 'utf8')).toContain(`:${added}@10.0.0.1:26379`)
    const exited = once(redis, 'exit')
    redis.kill()
    await exited
    redis = startRedis()
    await eventually(() => ping(redisPort, added) === 'PONG')
  } finally {
    const exits = [redis, sentinel].map(async (child) => once(child, 'exit'))
    for (const child of [redis, sentinel]) child.kill()
    await Promise.all(exits)
  }
})
