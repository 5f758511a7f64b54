import { eventually, freePort, provideProgram } from '@paxyo/testkit'
import { join } from 'node:path'
import { startNodeProcess, type NodeProcess } from './node-process.ts'

/** A member of an etcd cluster. */
export interface EtcdMember {
  readonly clientPort: number
  readonly process: NodeProcess
}

/** The time between heartbeats, and the silence after which another member becomes the leader, in milliseconds. */
const HEARTBEAT = ['--heartbeat-interval=200', '--election-timeout=2000']

/** Starts etcd, one member for each name, and waits until they have a leader. */
export async function startEtcd(
  names: readonly string[],
  folder: string,
  resources: AsyncDisposableStack,
): Promise<EtcdMember[]> {
  const program = provideProgram(['etcd'], 'etcd-server')
  const members = await Promise.all(
    names.map(async (name) => ({ name, clientPort: await freePort(), peerPort: await freePort() })),
  )
  const urlOf = (port: number): string => `http://127.0.0.1:${port}`
  const cluster = members.map(({ name, peerPort }) => `${name}=${urlOf(peerPort)}`).join(',')
  const started = members.map(({ name, clientPort, peerPort }) => {
    const [client, peer] = [urlOf(clientPort), urlOf(peerPort)]
    const args = [
      `--name=${name}`,
      `--data-dir=${join(folder, `etcd-${name}`)}`,
      '--log-level=error',
      // Patroni 3.0 takes back a lease that another node has by then, when it uses version 3.
      '--enable-v2=true',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${cluster}`,
      '--initial-cluster-state=new',
      ...HEARTBEAT,
    ]
    const process = resources.use(startNodeProcess(program, args, { log: join(folder, `etcd-${name}.log`) }))
    return { clientPort, process }
  })
  await eventually(() => isHealthy(members[0]!.clientPort))
  return started
}

/** Whether a member is part of a cluster with a leader. */
async function isHealthy(clientPort: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${clientPort}/health`, { signal: AbortSignal.timeout(1_000) })
  return ((await response.json()) as { health: string }).health === 'true'
}
