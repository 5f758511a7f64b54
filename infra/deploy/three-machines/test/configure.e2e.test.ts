import { afterAll, describe, expect, test } from '@jest/globals'
import { completeSecrets } from '@paxyo/secrets'
import { provideProgram } from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

function configure(machine: string): (path: string) => string {
  const root = join(folder, machine)
  write(join(root, 'etc/hosts'), '127.0.0.1 localhost\n')
  write(join(root, 'etc/redis/redis.conf'), 'bind 127.0.0.1\n')
  const environment = { PATH: process.env['PATH'], SECRETS: join(folder, 'secrets'), ROOT: root }
  // The second time it changes nothing.
  for (const time of ['first', 'second']) {
    const { status, stderr } = spawnSync('bash', [SCRIPT, machine, ...ADDRESSES], {
      env: environment,
      encoding: 'utf8',
    })
    expect({ time, status, stderr }).toEqual({ time, status: 0, stderr: '' })
  }
  return (path) => readFileSync(join(root, path), 'utf8')
}

describe.each(['one', 'two', 'three'])('machine %s', (machine) => {
  const read = configure(machine)
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
    for (const server of ADDRESSES.flatMap((one) => [`${one}:8081`, `${one}:8082`])) expect(config).toContain(server)
  })

  test('the members know each other', () => {
    expect(read('etc/hosts').match(/postgres-\w+/g)).toEqual(['postgres-one', 'postgres-two', 'postgres-three'])
    expect(read('etc/systemd/system/etcd.service.d/paxyo.conf')).toContain(`NODE=etcd-${machine} `)
    expect(read('etc/systemd/system/patroni.service.d/paxyo.conf')).toContain(
      `NODE=postgres-${machine} PATRONI_ETCD_HOSTS=etcd-one:2379,etcd-two:2379,etcd-three:2379\n`,
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
  })
})
