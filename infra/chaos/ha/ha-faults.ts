import { killTree, signalTree } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Member } from '../cluster.ts'
import { MEMBER_FAULTS, type Fault } from '../faults.ts'
import type { Random } from '../random.ts'
import type { HaCluster } from './ha-cluster.ts'
import type { PatroniNode } from './patroni-node.ts'
import type { Roles } from './patroni-cluster.ts'

// Every fault ends by itself: what was killed starts again after a time, as a machine that was repaired. No fault waits for
// Patroni or Sentinel, and no hand helps them.

/** How long a node or a server is away. */
const AWAY_MS_MIN = 2_000
const AWAY_MS_MAX = 25_000
const PAUSE_MS_MAX = 8_000

const away = (random: Random): Promise<void> => sleep(AWAY_MS_MIN + random.below(AWAY_MS_MAX - AWAY_MS_MIN))

type Role = keyof Roles
const ROLE_NAMES: Readonly<Record<Role, string>> = {
  primary: 'primary',
  synchronous: 'synchronous standby',
  other: 'other standby',
}

async function nodeOf({ patroni }: HaCluster, role: Role): Promise<PatroniNode> {
  return (await patroni.whole())[role]
}

/** The member of etcd on the node's machine. */
const etcdOf = ({ patroni }: HaCluster, node: PatroniNode) => patroni.etcd[patroni.nodes.indexOf(node)]!.process

/** What happens to a machine, whatever its role. */
const MACHINE_FAULTS: Readonly<
  Record<string, (cluster: HaCluster, node: PatroniNode, random: Random) => Promise<void>>
> = {
  async 'kill -9'(cluster, node, random) {
    const etcd = etcdOf(cluster, node)
    await Promise.all([node.kill(), etcd.kill()])
    await away(random)
    etcd.start()
    node.patroni.start()
  },
  async pause(cluster, node, random) {
    const etcd = etcdOf(cluster, node)
    node.pause()
    etcd.pause()
    await away(random)
    etcd.resume()
    node.resume()
  },
  async isolate({ patroni }, node, random) {
    patroni.isolate(node)
    await away(random)
    patroni.rejoin(node)
  },
}

const machineFaults = Object.entries(MACHINE_FAULTS).flatMap(([name, fault]) =>
  Object.entries(ROLE_NAMES).map(([role, words]): [string, Fault<HaCluster>] => [
    `${name} the machine of the ${words}`,
    async (cluster, random) => fault(cluster, await nodeOf(cluster, role as Role), random),
  ]),
)

async function pauseMember({ service }: Member, random: Random): Promise<void> {
  service?.child.kill('SIGSTOP')
  await sleep(random.below(PAUSE_MS_MAX))
  service?.child.kill('SIGCONT')
}

export const SERVICE_FAULTS: Readonly<Record<string, Fault<HaCluster>>> = {
  ...MEMBER_FAULTS,
  'pause webhook-ingest': (cluster, random) => pauseMember(random.pick(cluster.ingests), random),
  'pause ws-gateway': (cluster, random) => pauseMember(random.pick(cluster.gateways), random),
}

export const POSTGRES_FAULTS: Readonly<Record<string, Fault<HaCluster>>> = {
  ...Object.fromEntries(machineFaults),
  async 'kill -9 PostgreSQL of the primary'(cluster) {
    killTree((await nodeOf(cluster, 'primary')).postgresPid()!)
  },
  async 'pause PostgreSQL of the primary'(cluster, random) {
    const pid = (await nodeOf(cluster, 'primary')).postgresPid()!
    signalTree(pid, 'SIGSTOP')
    await away(random)
    signalTree(pid, 'SIGCONT')
  },
  async 'kill -9 Patroni of the primary'(cluster, random) {
    const { patroni } = await nodeOf(cluster, 'primary')
    await patroni.kill()
    await away(random)
    patroni.start()
  },
  async 'cut the primary from etcd'(cluster, random) {
    const { links } = await nodeOf(cluster, 'primary')
    for (const proxy of links.etcd) proxy.hold()
    await away(random)
    for (const proxy of links.etcd) proxy.release()
  },
  async 'break all connections of the primary'(cluster) {
    ;(await nodeOf(cluster, 'primary')).links.postgres.cut()
  },
  async 'planned switchover'({ patroni }) {
    const { primary, synchronous } = await patroni.whole()
    await patroni.switchOver(primary, synchronous)
  },
  async 'kill -9 a member of etcd'(cluster, random) {
    const { process } = random.pick(cluster.patroni.etcd)
    await process.kill()
    await away(random)
    process.start()
  },
}

export const REDIS_FAULTS: Readonly<Record<string, Fault<HaCluster>>> = {
  async 'kill -9 the Redis master'(cluster, random) {
    const server = cluster.redis.servers[await cluster.redisMaster()]!
    server.process.kill('SIGKILL')
    await away(random)
    await server.restart()
  },
  async 'pause the Redis master'(cluster, random) {
    const { process } = cluster.redis.servers[await cluster.redisMaster()]!
    process.kill('SIGSTOP')
    await away(random)
    process.kill('SIGCONT')
  },
  async 'isolate the Redis master'(cluster, random) {
    const proxy = cluster.redis.proxies[await cluster.redisMaster()]!
    proxy.hold()
    await away(random)
    proxy.release()
  },
  'kill -9 a sentinel': (cluster, random) => random.pick(cluster.redis.sentinels).restart(),
}
