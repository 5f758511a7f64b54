import { eventually } from '@paxyo/testkit'
import pg from 'pg'
import { startEtcd, type EtcdMember } from './etcd.ts'
import { SUPERUSER_PASSWORD } from './patroni-config.ts'
import { startPatroniNode, type PatroniNode } from './patroni-node.ts'

/** Three nodes with PostgreSQL, Patroni and etcd. */
export interface PatroniCluster {
  readonly nodes: readonly PatroniNode[]
  readonly etcd: readonly EtcdMember[]
  /** An address that names all three. */
  readonly url: string
  /** The primary's address. */
  primaryUrl(): Promise<string>
  /** The nodes by their roles; waits until Patroni knows all of them. */
  roles(): Promise<Roles>
  /** Waits until all nodes run, stream from one primary, and one is a synchronous standby. */
  whole(): Promise<Roles>
  /** Nothing passes between a node and all others, and the services. */
  isolate(node: PatroniNode): void
  rejoin(node: PatroniNode): void
  switchOver(from: PatroniNode, to: PatroniNode): Promise<void>
}

export interface Roles {
  readonly primary: PatroniNode
  readonly synchronous: PatroniNode
  readonly other: PatroniNode
}

const NAMES = ['one', 'two', 'three']
/** On a busy machine, a node whose data cannot be rewound is copied for minutes. */
const WHOLE_TIMEOUT_MS = 600_000
const OUTPUT_SHOWN = 3_000

export async function startPatroniCluster(folder: string, resources: AsyncDisposableStack): Promise<PatroniCluster> {
  const etcd = await startEtcd(NAMES, folder, resources)
  const etcdPorts = etcd.map(({ clientPort }) => clientPort)
  const nodes = await Promise.all(NAMES.map((name) => startPatroniNode(name, folder, etcdPorts, resources)))
  const addresses = (ports: readonly number[]): string =>
    `postgres://postgres:${SUPERUSER_PASSWORD}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/postgres`

  async function roles(): Promise<Roles> {
    const members = await membersOf(nodes)
    const nodeOf = (isSuch: (member: Member) => boolean): PatroniNode | undefined =>
      nodes.find(({ name }) => members.some((member) => member.name === name && isSuch(member)))
    const primary = nodeOf(({ role, state }) => role === 'leader' && state === 'running')
    const synchronous = nodeOf(({ role, state }) => role === 'sync_standby' && isFollowing(state))
    const other = nodeOf(({ role, state }) => role === 'replica' && isFollowing(state))
    if (primary === undefined || synchronous === undefined || other === undefined) {
      throw new Error(`not whole: ${JSON.stringify(members)}`)
    }
    const timelines = new Set(members.map(({ timeline }) => timeline))
    if (timelines.size !== 1) throw new Error(`several timelines: ${JSON.stringify(members)}`)
    await assertStreaming(addresses([primary.postgresPort]))
    return { primary, synchronous, other }
  }

  const cluster: PatroniCluster = {
    nodes,
    etcd,
    url: `${addresses(nodes.map(({ postgresPort }) => postgresPort))}?target_session_attrs=read-write`,
    async primaryUrl() {
      return addresses([(await cluster.whole()).primary.postgresPort])
    },
    roles,
    async whole() {
      try {
        return await eventually(roles, WHOLE_TIMEOUT_MS)
      } catch (cause) {
        const output = nodes.map(({ name, patroni }) => `${name}: ${patroni.output().slice(-OUTPUT_SHOWN)}`)
        throw new Error(`Patroni's cluster is not whole:\n${output.join('\n')}`, { cause })
      }
    },
    isolate(node) {
      const { postgres, rest, etcd: toEtcd } = node.links
      for (const proxy of [postgres, rest, ...toEtcd]) proxy.hold()
      // Its standby's connection to the primary says whose it is.
      for (const { links } of nodes.filter((one) => one !== node)) {
        links.postgres.hold((opening) => opening.includes(`application_name\0${node.name}\0`))
      }
    },
    rejoin(node) {
      for (const { links } of nodes) links.postgres.release()
      for (const proxy of [node.links.rest, ...node.links.etcd]) proxy.release()
    },
    async switchOver(from, to) {
      const body = JSON.stringify({ leader: from.name, candidate: to.name })
      // What came of it is seen in the cluster: a response only says whether Patroni did it in time.
      const response = await fetch(`http://127.0.0.1:${from.restPort}/switchover`, { method: 'POST', body })
      await response.text()
    },
  }
  await cluster.whole()
  return cluster
}

/** Patroni's word can be as old as its lease. */
async function assertStreaming(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ state: string; sync_state: string }>(
      'SELECT state, sync_state FROM pg_stat_replication WHERE NOT pg_is_in_recovery() ORDER BY sync_state',
    )
    const states = rows.map((row) => `${row.state} ${row.sync_state}`).join(', ')
    if (states !== 'streaming async, streaming sync') throw new Error(`the primary's standbys: ${states}`)
  } finally {
    // Not awaited: a paused server never closes the connection.
    void client.end().catch(() => undefined)
  }
}

/** As Patroni's REST API lists it. */
interface Member {
  readonly name: string
  readonly role: string
  readonly state: string
  readonly timeline?: number
}

/** Patroni 3.0 says `running` of a standby that replays, later versions also `streaming`. */
const isFollowing = (state: string): boolean => state === 'running' || state === 'streaming'

async function membersOf(nodes: readonly PatroniNode[]): Promise<readonly Member[]> {
  const members = nodes.map(async ({ restPort }) => {
    const response = await fetch(`http://127.0.0.1:${restPort}/cluster`, { signal: AbortSignal.timeout(2_000) })
    return ((await response.json()) as { members: Member[] }).members
  })
  return await Promise.any(members)
}
