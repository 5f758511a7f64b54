import { startLocalPostgres, type LocalPostgres } from '@paxyo/local-postgres'
import {
  createMigratedData,
  MIGRATED_PASSWORD,
  runPaxyo,
  startChaosProxy,
  startRedisServer,
  type ChaosProxy,
  type RedisServer,
} from '@paxyo/testkit'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startMembers, type Cluster } from './cluster.ts'
import { writeProvidersFile } from './providers.ts'

/** One of each server, two of each service, and proxies between them. Each part can fail separately. */
export interface SingleCluster extends Cluster {
  readonly redis: RedisServer
  readonly redisProxy: ChaosProxy
  readonly postgresProxy: ChaosProxy
  /** Kills PostgreSQL's main process and restarts it: it recovers from its WAL. */
  crashPostgres(): Promise<void>
}

const RESTART_ATTEMPTS_MAX = 50
const RESTART_DELAY_MS = 200

export interface ClusterOptions {
  /** Of PostgreSQL, in addition to its usual ones. */
  readonly settings?: Readonly<Record<string, string>>
  /** The folder of the version that migrates and serves; default this one. */
  readonly root?: string
}

const SIZE = 2

export async function startCluster({ settings, root }: ClusterOptions = {}): Promise<SingleCluster> {
  await using cleanups = new AsyncDisposableStack()
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-chaos-'))
  cleanups.defer(() => rmSync(dir, { recursive: true, force: true }))

  // fsync stays on: commits must survive a crash.
  const postgresOptions = {
    dataDir: join(dir, 'postgres'),
    password: MIGRATED_PASSWORD,
    settings: { max_connections: '200', ...settings },
  }
  if (root === undefined) await createMigratedData(postgresOptions.dataDir)
  let postgres: LocalPostgres = await startLocalPostgres(postgresOptions)
  cleanups.defer(() => postgres.stop())
  const redis = await startRedisServer()
  cleanups.defer(() => redis.stop())
  const postgresProxy = cleanups.use(await startChaosProxy(portOf(postgres.url)))
  const redisProxy = cleanups.use(await startChaosProxy(redis.port))
  if (root !== undefined) await runPaxyo(root, ['migrate'], postgres.url)

  const providersFile = join(dir, 'providers.json')
  writeProvidersFile(providersFile)
  const through = new URL(postgres.url)
  through.port = String(postgresProxy.port)
  const addresses = { DATABASE_URL: through.href, REDIS_URL: `redis://127.0.0.1:${redisProxy.port}` }
  const members = await startMembers({ ...addresses, PROVIDERS_FILE: providersFile }, SIZE, cleanups, root)
  const owned = cleanups.move()

  return {
    ...members,
    redis,
    redisProxy,
    postgresProxy,
    postgresUrl: () => Promise.resolve(postgres.url),
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
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const portOf = (url: string): number => Number(new URL(url).port)
