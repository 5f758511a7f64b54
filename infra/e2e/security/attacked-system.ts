import { migrateToLatest } from '@paxyo/database'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { startRedisServer, startService, TEST_JWT_SECRET, type ServiceName, type ServiceProcess } from '@paxyo/testkit'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalHaproxy } from '../../deploy/compose/test/local-haproxy.ts'
import type { Target } from './attack.ts'
import type { Container, ControlGroups } from './control-groups.ts'

/** Both services, with their own PostgreSQL and Redis. */
export interface AttackedSystem extends AsyncDisposable {
  /** The services through each load balancer: several, because a process may have too few files for all connections. */
  readonly targets: readonly [Target, ...Target[]]
  readonly databaseUrl: string
  readonly services: readonly ServiceProcess[]
  /** How many requests and WebSockets each gateway has, as the first load balancer counts them. */
  gatewaySessions(): Promise<number[]>
}

/** How clients reach the services: two of each behind the HAProxy of docker compose, or one of each directly. */
export type Entry = 'haproxy' | 'direct'

const POSTGRES_SETTINGS = { fsync: 'on', max_connections: '100' }

export interface AttackedSystemOptions {
  /** Of its control groups. */
  readonly name: string
  readonly entry: Entry
  /** How many HAProxys are in front. */
  readonly loadBalancers?: number
  readonly groups: ControlGroups | undefined
}

export async function startAttackedSystem(options: AttackedSystemOptions): Promise<AttackedSystem> {
  const { name: systemName, entry, loadBalancers = 1, groups } = options
  let count = 0
  const inGroup = (container: Container, pid: number): void => {
    groups?.add(`${systemName}-${container}-${(count += 1)}`, pid, container)
  }
  await using cleanups = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-attack-'))
  cleanups.defer(() => rmSync(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'postgres')
  const postgres = await startLocalPostgres({ dataDir, password: 'attack', settings: POSTGRES_SETTINGS })
  cleanups.defer(() => postgres.stop())
  inGroup('postgres', postgres.pid)
  const redis = await startRedisServer()
  cleanups.defer(() => redis.stop())
  inGroup('redis', redis.process.pid!)
  await migrateToLatest(postgres.url)

  const [panelKey, webhookToken, messageKey] = [1, 2, 3].map(() => randomBytes(32).toString('hex'))
  const env = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    REDIS_MESSAGE_KEYS: messageKey!,
    WEBHOOK_TOKENS: webhookToken!,
    PANEL_API_KEYS: panelKey!,
    JWT_SECRETS: TEST_JWT_SECRET,
    ALLOWED_ORIGINS: '*',
    DRAIN_SECONDS: '1',
    ...(entry === 'haproxy' ? { TRUST_PROXY: '127.0.0.1' } : {}),
  }
  const services: ServiceProcess[] = []
  async function startReplicas(name: ServiceName): Promise<string[]> {
    const urls: string[] = []
    for (let replicas = entry === 'direct' ? 1 : 2; replicas > 0; replicas -= 1) {
      const service = await startService(name, env)
      services.push(service)
      cleanups.defer(async () => void (await service.end('SIGKILL')))
      inGroup(name, service.child.pid!)
      urls.push(service.url)
    }
    return urls
  }
  const ingestUrls = await startReplicas('webhook-ingest')
  const gatewayUrls = await startReplicas('ws-gateway')
  const [ingestUrl, gatewayUrl] = [ingestUrls[0]!, gatewayUrls[0]!]
  const target = { ingestUrl, gatewayUrl, panelKey: panelKey!, webhookToken: webhookToken! }
  let internalPort: number | undefined
  async function startLoadBalancer(): Promise<Target> {
    const servers = { ingest: ingestUrls.map(hostOf), gateway: gatewayUrls.map(hostOf) }
    const { ports, child } = cleanups.use(await startLocalHaproxy({ servers, isPlain: true }))
    inGroup('haproxy', child.pid!)
    internalPort ??= ports.internal
    const url = `http://127.0.0.1:${ports.secure}`
    return { ...target, ingestUrl: url, gatewayUrl: url }
  }
  const targets: [Target, ...Target[]] = [entry === 'direct' ? target : await startLoadBalancer()]
  const more = entry === 'direct' ? 0 : loadBalancers - 1
  while (targets.length <= more) targets.push(await startLoadBalancer())
  const { url: databaseUrl } = postgres
  const started = cleanups.move()
  return {
    targets,
    databaseUrl,
    services,
    async gatewaySessions() {
      if (internalPort === undefined) return []
      const metrics = await fetch(`http://127.0.0.1:${internalPort}/metrics`).then((response) => response.text())
      return Array.from(metrics.matchAll(GATEWAY_SESSIONS), ([, sessions]) => Number(sessions))
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

const GATEWAY_SESSIONS = /^haproxy_server_current_sessions\{proxy="gateways",.*\} (\d+)$/gm

const hostOf = (url: string): string => new URL(url).host

/** What is left of a service after the attack. */
export interface ObservedService {
  readonly url: string
  readonly hasEnded: boolean
  /** The status of `/readyz`; 0 without a response. */
  readonly ready: number
  /** The most memory that it had, in MiB. */
  readonly peakMiB: number
}

export async function observeService({ url, child }: ServiceProcess): Promise<ObservedService> {
  const hasEnded = child.exitCode !== null || child.signalCode !== null
  const ready = await fetch(`${url}/readyz`).then(
    ({ status }) => status,
    () => 0,
  )
  const status = hasEnded ? '' : readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const peakKiB = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
  return { url, hasEnded, ready, peakMiB: Math.round(peakKiB / 1024) }
}
