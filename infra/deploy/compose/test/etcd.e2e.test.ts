import { afterAll, expect, test } from '@jest/globals'
import { eventually, freePort, provideProgram } from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNodeProcess, type NodeProcess } from '../../../chaos/ha/node-process.ts'

// Three members of etcd, as start.sh starts them, on addresses of this machine; only the folder and the ports are other ones, and the times shorter.

const SCRIPT = readFileSync(new URL('../patroni/start.sh', import.meta.url), 'utf8')
const MEMBERS = ['127.0.1.1', '127.0.1.2', '127.0.1.3'] as const
const [ONE, TWO, THREE] = MEMBERS
type Member = (typeof MEMBERS)[number]

const etcdctl = provideProgram(['etcdctl'], 'etcd-client')
provideProgram(['etcd'], 'etcd-server')
const ports = { client: await freePort(), peer: await freePort() }
const folder = mkdtempSync(join(tmpdir(), 'paxyo-etcd-'))
const processes = new Map<Member, NodeProcess>()
afterAll(async () => {
  await Promise.all([...processes.values()].map((member) => member.kill()))
  rmSync(folder, { recursive: true })
})

const peerOf = (member: Member): string => `http://${member}:${ports.peer}`
const clientOf = (member: Member): string => `http://${member}:${ports.client}`

function start(member: Member): void {
  mkdirSync(join(folder, member), { recursive: true })
  const script = SCRIPT.replaceAll('/var/lib/etcd', join(folder, member))
    .replace(/\$\{LISTEN:\+.*?\}/, '')
    .replaceAll(':2379', `:${ports.client}`)
    .replaceAll(':2380', `:${ports.peer}`)
    .replace('--heartbeat-interval 200 --election-timeout 2000', '--heartbeat-interval 50 --election-timeout 500')
  const file = join(folder, `${member}.sh`)
  writeFileSync(file, script)
  const cluster = MEMBERS.map((name) => `${name}=${peerOf(name)}`).join(',')
  const settings = [`NODE=${member}`, `LISTEN=${member}`, `ETCD_CLUSTER=${cluster}`]
  const log = join(folder, `${member}.log`)
  processes.set(member, startNodeProcess('env', [...settings, 'bash', file, 'etcd'], { log }))
}

async function lose(member: Member): Promise<void> {
  await processes.get(member)!.kill()
  rmSync(join(folder, member), { recursive: true })
}

/** What Patroni has stored, as this member has it when it is a part of a cluster with a majority. */
async function read(member: Member): Promise<string | undefined> {
  const url = `${clientOf(member)}/v2/keys/service/paxyo/config?quorum=true`
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  return ((await response.json()) as { node?: { value: string } }).node?.value
}

function control(member: Member, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(etcdctl, ['--endpoints', clientOf(member), ...args], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`)
  return stdout
}

const idOf = (member: Member, at: Member): string | undefined =>
  control(at, 'member', 'list')
    .split('\n')
    .find((line) => line.includes(peerOf(member)))
    ?.split(',')[0]

/** As the runbook describes: remove the lost member, add it, and start it without data. While a leader is elected, etcd rejects this. */
async function replace(lost: Member, at: Member): Promise<void> {
  await eventually(() => {
    const id = idOf(lost, at)
    return id === undefined || control(at, 'member', 'remove', id) !== ''
  })
  await eventually(
    () => idOf(lost, at) !== undefined || control(at, 'member', 'add', lost, `--peer-urls=${peerOf(lost)}`) !== '',
  )
  start(lost)
}

test('a lost member is replaced, and so are two of three', async () => {
  for (const member of MEMBERS) start(member)
  await eventually(async () => {
    const url = `${clientOf(ONE)}/v2/keys/service/paxyo/config`
    const body = new URLSearchParams({ value: 'ttl: 10' })
    return (await fetch(url, { method: 'PUT', body, signal: AbortSignal.timeout(2_000) })).ok
  })

  await lose(ONE)
  await replace(ONE, TWO)
  await eventually(async () => (await read(ONE)) === 'ttl: 10')

  await lose(ONE)
  await lose(TWO)
  await processes.get(THREE)!.kill()
  writeFileSync(join(folder, THREE, 'force-new-cluster'), '')
  start(THREE)
  await eventually(async () => (await read(THREE)) === 'ttl: 10')
  for (const member of [ONE, TWO] as const) {
    await replace(member, THREE)
    await eventually(async () => (await read(member)) === 'ttl: 10')
  }
  const members = control(THREE, 'member', 'list').trim().split('\n')
  expect(members.map((line) => line.split(', ')[1])).toEqual(['started', 'started', 'started'])

  // They are members of the same cluster: any two of them go on.
  await processes.get(THREE)!.kill()
  await eventually(async () => (await read(TWO)) === 'ttl: 10')
})
