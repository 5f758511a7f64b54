import { migrateToLatest } from '@paxyo/database'
import { startLocalPostgres } from '@paxyo/local-postgres'
import {
  bundleProgram,
  freePort,
  startChaosProxy,
  startProcess,
  startRedisServer,
  startService,
  TEST_JWT_SECRET,
  type ChaosProxy,
  type RedisServer,
  type ServiceName,
  type ServiceProcess,
} from '@paxyo/testkit'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PANEL_KEY = 'a-panel-api-key'
const WEBHOOK_TOKEN = 'a-webhook-token'

/** A process whose metrics have the same port after a restart. */
export interface Member {
  readonly job: ServiceName | 'exporter'
  readonly metricsPort: number
  process: ServiceProcess | undefined
  start(): Promise<void>
  kill(): Promise<void>
}

/** The parts that break. */
export interface Arena {
  readonly dir: string
  readonly ingests: readonly Member[]
  readonly gateways: readonly Member[]
  readonly exporter: Member
  readonly redis: RedisServer
  readonly postgresUrl: string
  readonly postgresProxy: ChaosProxy
  readonly files: { readonly certificate: string; readonly backups: string }
}

/** @param dir an empty folder. */
export async function startArena(
  { dir, files }: { dir: string; files: Arena['files'] },
  resources: AsyncDisposableStack,
): Promise<Arena> {
  const postgres = await startLocalPostgres({
    dataDir: join(dir, 'postgres'),
    password: 'test',
    settings: { fsync: 'off' },
  })
  resources.defer(() => postgres.stop())
  const redis = await startRedisServer()
  resources.defer(() => redis.stop())
  const postgresProxy = resources.use(await startChaosProxy(Number(new URL(postgres.url).port)))
  await migrateToLatest(postgres.url)

  const through = new URL(postgres.url)
  through.port = String(postgresProxy.port)
  const env = {
    DATABASE_URL: through.href,
    REDIS_URL: redis.url,
    WEBHOOK_TOKENS: WEBHOOK_TOKEN,
    PANEL_API_KEYS: PANEL_KEY,
    JWT_SECRETS: TEST_JWT_SECRET,
    ALLOWED_ORIGINS: '*',
    DRAIN_SECONDS: '1',
    CERTIFICATES: files.certificate,
    BACKUP_DIR: files.backups,
    DISKS: dir,
  }
  const cli = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
  const startMember = async (job: Member['job']): Promise<Member> => {
    const metricsPort = await freePort()
    const own = { ...env, METRICS_PORT: String(metricsPort) }
    const member: Member = {
      job,
      metricsPort,
      process: undefined,
      async start() {
        member.process = job === 'exporter' ? await startExporter(cli, own) : await startService(job, own)
      },
      async kill() {
        await member.process?.end('SIGKILL')
        member.process = undefined
      },
    }
    resources.defer(() => member.kill())
    await member.start()
    return member
  }
  const pair = async (job: ServiceName): Promise<Member[]> => [await startMember(job), await startMember(job)]
  const ingests = await pair('webhook-ingest')
  const gateways = await pair('ws-gateway')
  const exporter = await startMember('exporter')
  return {
    dir,
    ingests,
    gateways,
    exporter,
    redis,
    postgresUrl: postgres.url,
    postgresProxy,
    files,
  }
}

/** The exporter serves nothing but metrics. */
async function startExporter(cli: string, env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  return startProcess(join(folder, 'start-exporter.ts'), {
    ...env,
    PAXYO_CLI: await bundleProgram(cli),
    PORT: env['METRICS_PORT']!,
  })
}

/** Sends requests that may fail while something is broken. */
export function startTraffic(arena: Arena): AsyncDisposable {
  const end = new AbortController()
  const work = (async () => {
    for (let index = 0; !end.signal.aborted; index += 1) {
      const ingest = arena.ingests[index % arena.ingests.length]?.process?.url
      if (ingest !== undefined) await sendOrder(ingest, `T-${index}`, 'In progress').catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      end.abort()
      await work
    },
  }
}

const REQUEST_TIMEOUT_MS = 5_000

/** Registers an order, and sends a webhook of it. @returns the status of the webhook. */
async function sendOrder(ingest: string, id: string, status: string, token = WEBHOOK_TOKEN): Promise<number> {
  const order = { orderId: id, providerOrderId: id, userId: 'user-1', service: 's', link: 'l', quantity: 1000 }
  const panel = { authorization: `Bearer ${PANEL_KEY}` }
  await post(`${ingest}/v1/orders`, JSON.stringify({ ...order, charge: '1', currency: 'USD' }), panel)
  return sendWebhook(ingest, JSON.stringify({ order_id: id, status }), token)
}

const sendWebhook = (ingest: string, body: string, token = WEBHOOK_TOKEN): Promise<number> =>
  post(`${ingest}/webhooks/godofpanel/${token}`, body, {})

async function post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  await response.arrayBuffer()
  return response.status
}
