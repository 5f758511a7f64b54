import { allStarted, eventually } from '@paxyo/testkit'
import pg from 'pg'
import { startEtcd, type EtcdMember } from './etcd.ts'
import { superuserUrl } from './patroni-config.ts'
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
  /** Restarts PostgreSQL and Patroni of the standbys that stream from no primary. */
  restartStandbys(): Promise<void>
}

export interface Roles {
  readonly primary: PatroniNode
  readonly synchronous: PatroniNode
  readonly other: PatroniNode
}

const NAMES = ['one', 'two', 'three']
/** On a busy machine, a node whose data cannot be rewound is copied for minutes. */
const WHOLE_TIMEOUT_MS = 300_000
const OUTPUT_SHOWN = 3_000

export async function startPatroniCluster(folder: string, resources: AsyncDisposableStack): Promise<PatroniCluster> {
  const etcd = await startEtcd(NAMES, folder, resources)
  const etcdPorts = etcd.map(({ clientPort }) => clientPort)
  // Patroni asks the first that responds: the member of another machine, which was not paused together with it.
  const etcdPortsOf = (index: number): number[] => [...etcdPorts.slice(index + 1), ...etcdPorts.slice(0, index + 1)]
  const nodes = await allStarted(
    NAMES.map((name, index) => startPatroniNode(name, folder, etcdPortsOf(index), resources)),
  )

  const nodeOf = (members: readonly Member[], isSuch: (member: Member) => boolean): PatroniNode | undefined =>
    nodes.find(({ name }) => members.some((member) => member.name === name && isSuch(member)))
  const primaryOf = (members: readonly Member[]): PatroniNode | undefined =>
    nodeOf(members, ({ role, state }) => role === 'leader' && state === 'running')

  /** The connection string of the primary, also while a standby is away. */
  async function primaryUrl(): Promise<string | undefined> {
    const primary = primaryOf(await membersOf(nodes))
    if (primary === undefined) return undefined
    const url = superuserUrl(primary.postgresPort)
    await standbysOf(url)
    return url
  }

  async function roles(): Promise<Roles> {
    const members = await membersOf(nodes)
    const primary = primaryOf(members)
    const synchronous = nodeOf(members, ({ role, state }) => role === 'sync_standby' && isFollowing(state))
    const other = nodeOf(members, ({ role, state }) => role === 'replica' && isFollowing(state))
    if (primary === undefined || synchronous === undefined || other === undefined) {
      throw new Error(`not whole: ${JSON.stringify(members)}`)
    }
    const timelines = new Set(members.map(({ timeline }) => timeline))
    if (timelines.size !== 1) throw new Error(`several timelines: ${JSON.stringify(members)}`)
    const standbys = await standbysOf(superuserUrl(primary.postgresPort))
    const waitsFor = standbys.filter(({ sync_state }) => sync_state === 'sync').map(({ name }) => name)
    const isStreaming = standbys.length === 2 && standbys.every(({ state }) => state === 'streaming')
    // Commits must wait for the standby that can be promoted. The other one is `async`, or `potential` when a Patroni that was killed right
    // after a promotion has left the setting `*` behind (Patroni 3.0).
    if (!isStreaming || waitsFor.join() !== synchronous.name) {
      throw new Error(`the primary's standbys: ${JSON.stringify(standbys)}, promotable: ${synchronous.name}`)
    }
    return { primary, synchronous, other }
  }

  const cluster: PatroniCluster = {
    nodes,
    etcd,
    url: `${superuserUrl(...nodes.map(({ postgresPort }) => postgresPort))}?target_session_attrs=read-write`,
    primaryUrl: () => eventually(primaryUrl, WHOLE_TIMEOUT_MS),
    roles,
    async whole() {
      try {
        return await eventually(roles, WHOLE_TIMEOUT_MS)
      } catch (cause) {
        const states = nodes.map(async ({ name, postgresPort, patroni }) => {
          const following = await followingOf(superuserUrl(postgresPort)).catch((error: Error) => error.message)
          return `${name}: ${JSON.stringify(following)}\n${patroni.output().slice(-OUTPUT_SHOWN)}`
        })
        const described = (await Promise.all(states)).join('\n')
        throw new Error(`Patroni's cluster is not whole: ${(cause as Error).message}\n${described}`, { cause })
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
    async restartStandbys() {
      for (const node of nodes) {
        const following = await followingOf(superuserUrl(node.postgresPort)).catch(() => undefined)
        if (following?.is_standby === false || following?.receiver === 'streaming') continue
        await node.kill()
        node.patroni.start()
      }
    },
  }
  await cluster.whole()
  return cluster
}

interface Standby {
  readonly name: string
  readonly state: string
  readonly sync_state: string
}

/**
 * The standbys of a primary, from itself: Patroni's word can be as old as its lease.
 *
 * @throws when the server is not a primary.
 */
async function standbysOf(url: string): Promise<readonly Standby[]> {
  const row = await ask<{ is_standby: boolean; standbys: Standby[] }>(
    url,
    `SELECT pg_is_in_recovery() AS is_standby, (
       SELECT coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'sync_state', sync_state)), '[]')
       FROM pg_stat_replication) AS standbys`,
  )
  if (row.is_standby) throw new Error('is a standby')
  return row.standbys
}

interface Following {
  readonly is_standby: boolean
  readonly primary_conninfo: string
  readonly receiver: string | null
}

/** What a server follows, and whether it does. */
const followingOf = (url: string): Promise<Following> =>
  ask(
    url,
    `SELECT pg_is_in_recovery() AS is_standby, current_setting('primary_conninfo') AS primary_conninfo,
       (SELECT status FROM pg_stat_wal_receiver) AS receiver`,
  )

async function ask<Row extends object>(url: string, query: string): Promise<Row> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Row>(query)).rows[0]!
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
