import { migrateToLatest } from '@paxyo/database'
import { startLocalPostgres, type LocalPostgres } from '@paxyo/local-postgres'
import {
  startChaosProxy,
  startRedisServer,
  startService,
  TEST_JWT_SECRET,
  type ChaosProxy,
  type RedisServer,
  type ServiceProcess,
} from '@paxyo/testkit'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeProvidersFile } from './providers.ts'

export const PANEL_KEY = 'a-panel-api-key'

export type ServiceName = 'webhook-ingest' | 'ws-gateway'

/** A service that is restarted, at another address, after it has ended. */
export interface Member {
  readonly name: ServiceName
  /** Undefined while it is down. */
  service: ServiceProcess | undefined
}

/** All parts of a real installation, each of which can fail separately. */
export interface Cluster extends AsyncDisposable {
  readonly ingests: readonly Member[]
  readonly gateways: readonly Member[]
  readonly redis: RedisServer
  readonly redisProxy: ChaosProxy
  readonly postgresProxy: ChaosProxy
  /** The owner's connection string, without the proxy; changes when the server restarts. */
  postgresUrl(): string
  /** Kills PostgreSQL's main process and restarts it: it recovers from its WAL. */
  crashPostgres(): Promise<void>
  /** Restarts a service. */
  restart(member: Member, signal: NodeJS.Signals): Promise<void>
}

const RESTART_ATTEMPTS_MAX = 50
const RESTART_DELAY_MS = 200

/** @param settings of PostgreSQL, in addition to its usual ones. */
export async function startCluster(size = 2, settings: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  await using cleanups = new AsyncDisposableStack()
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-chaos-'))
  cleanups.defer(() => rmSync(dir, { recursive: true, force: true }))

  // fsync stays on: commits must survive a crash.
  const postgresOptions = {
    dataDir: join(dir, 'postgres'),
    password: 'test',
    settings: { max_connections: '200', ...settings },
  }
  let postgres: LocalPostgres = await startLocalPostgres(postgresOptions)
  cleanups.defer(() => postgres.stop())
  const redis = await startRedisServer()
  cleanups.defer(() => redis.stop())
  const postgresProxy = cleanups.use(await startChaosProxy(portOf(postgres.url)))
  const redisProxy = cleanups.use(await startChaosProxy(redis.port))
  await migrateToLatest(postgres.url)

  const providersFile = join(dir, 'providers.json')
  writeProvidersFile(providersFile)
  const through = new URL(postgres.url)
  through.port = String(postgresProxy.port)
  const env = {
    DATABASE_URL: through.href,
    REDIS_URL: `redis://127.0.0.1:${redisProxy.port}`,
    PROVIDERS_FILE: providersFile,
    PANEL_API_KEYS: PANEL_KEY,
    JWT_SECRETS: TEST_JWT_SECRET,
    ALLOWED_ORIGINS: '*',
    DRAIN_SECONDS: '1',
    LOG_LEVEL: 'info',
  }
  const start = async (name: ServiceName): Promise<Member> => {
    const member: Member = { name, service: await startService(name, env) }
    cleanups.defer(async () => void (await member.service?.end('SIGKILL')))
    return member
  }
  const all = (name: ServiceName): Promise<Member[]> => Promise.all(Array.from({ length: size }, () => start(name)))
  const [ingests, gateways] = await Promise.all([all('webhook-ingest'), all('ws-gateway')])
  const owned = cleanups.move()

  return {
    ingests,
    gateways,
    redis,
    redisProxy,
    postgresProxy,
    postgresUrl: () => postgres.url,
    async crashPostgres() {
      process.kill(postgres.pid, 'SIGKILL')
      for (let attempt = 1; ; attempt += 1) {
        // PostgreSQL cannot start until the backends of the killed process have ended.
        await sleep(RESTART_DELAY_MS)
        try {
          postgres = await startLocalPostgres(postgresOptions)
          break
        } catch (error) {
          if (attempt === RESTART_ATTEMPTS_MAX) throw error
        }
      }
      postgresProxy.target = portOf(postgres.url)
    },
    async restart(member, signal) {
      const { service } = member
      if (service === undefined) return
      member.service = undefined
      await service.end(signal)
      member.service = await startService(member.name, env)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const portOf = (url: string): number => Number(new URL(url).port)
