import {
  bundleProgram,
  freePort,
  startChaosProxy,
  startPostgresPair,
  startProcess,
  startRedisServer,
  startService,
  TEST_JWT_SECRET,
  type ChaosProxy,
  type RedisServer,
  type ServiceName,
  type ServiceProcess,
  type Standby,
} from '@paxyo/testkit'
import { startSimulator, type Simulator } from '@paxyo/provider-simulator'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { createSmallDisk, type SmallDisk } from './small-disk.ts'

export const PANEL_KEY = 'a-panel-api-key'
export const WEBHOOK_TOKEN = 'a-webhook-token'
const OUTGOING_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
/** Failed webhooks are retried for more than a minute, and are then dead. */
const OUTGOING_RETRY_SECONDS = Array.from({ length: 20 }, () => 4).join(',')
const REDIS_MESSAGE_KEY = 'the-key-of-all-services-of-32-bytes-or-more'
/** The only user, with all rights. `ACL LOAD` gives back what was taken from it. */
const REDIS_USERS = 'user default on nopass sanitize-payload ~* &* +@all\n'
/**
 * A minute is the shortest interval between two runs of reconciliation. A run counts as one of 55 seconds before, so that the next
 * one is due after five.
 */
const SHORTER_INTERVAL = `
  CREATE FUNCTION begin_earlier() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.started_at := NEW.started_at - interval '55 seconds'; RETURN NEW; END $$;
  CREATE TRIGGER begin_earlier BEFORE INSERT ON reconcile_runs FOR EACH ROW EXECUTE FUNCTION begin_earlier()`
/** Of a gateway; more than the shortened limit of the alert about many connections. */
export const CONNECTIONS_MAX = 500

/** A process whose metrics have the same port after a restart. */
export interface Member {
  readonly job: ServiceName | 'exporter'
  readonly metricsPort: number
  process: ServiceProcess | undefined
  /** @param env variables that are different until it is started again. */
  start(env?: Readonly<Record<string, string>>): Promise<void>
  kill(): Promise<void>
}

/** The parts that break. */
export interface Arena {
  readonly dir: string
  readonly ingests: readonly Member[]
  readonly gateways: readonly Member[]
  readonly exporter: Member
  readonly redis: RedisServer
  /** The primary of PostgreSQL, whose commits wait for a standby. */
  readonly postgresUrl: string
  readonly postgresProxy: ChaosProxy
  /** For which commits wait. */
  readonly standby: Standby
  /** From which gateways read the standby. */
  readonly standbyProxy: ChaosProxy
  /** Another standby. */
  readonly spare: Standby
  /** Ends the primary, and promotes its standby. */
  failOver(): Promise<void>
  readonly files: { readonly certificate: string; readonly backups: string; readonly walArchive: string }
  readonly disk: SmallDisk
  readonly provider: Simulator
  /** The status with which the panel's server responds to webhooks. */
  readonly panel: { status: number }
  /** Whether the webhooks of the traffic are lost on their way. */
  readonly traffic: { isSilent: boolean }
  /** Runs a statement as the owner, on the primary unless another server is given. */
  sql(statement: string, url?: string): Promise<void>
  /** Variables of `paxyo` alone. */
  readonly commandLine: Record<string, string>
  /** Runs `paxyo` with them and the configuration of the services. */
  paxyo(...args: readonly string[]): Promise<void>
}

/** @param dir an empty folder. */
export async function startArena(
  { dir, files }: { dir: string; files: Arena['files'] },
  resources: AsyncDisposableStack,
): Promise<Arena> {
  const archiving = {
    archive_mode: 'on',
    archive_command: `cp %p ${files.walArchive}/%f`,
    // A standby that was away still finds what it has missed.
    wal_keep_size: '256MB',
  }
  const postgres = resources.use(await startPostgresPair({ isSynchronous: true, hasSpare: true, settings: archiving }))
  let primary = postgres.primary
  const users = join(dir, 'redis-users.acl')
  writeFileSync(users, REDIS_USERS)
  const redis = await startRedisServer(['--aclfile', users])
  resources.defer(() => redis.stop())
  const postgresProxy = resources.use(await startChaosProxy(portOf(primary.url)))
  const standbyProxy = resources.use(await startChaosProxy(portOf(postgres.standby.url)))
  const disk = resources.use(createSmallDisk(join(dir, 'disk')))
  const provider = resources.use(await startSimulator())
  const panel = await startPanel(resources)

  const through = ({ port }: ChaosProxy): string => Object.assign(new URL(primary.url), { port }).href
  const env = {
    DATABASE_URL: through(postgresProxy),
    DATABASE_READ_URL: through(standbyProxy),
    READ_REPLICA: 'on',
    REDIS_URL: redis.url,
    REDIS_MESSAGE_KEYS: REDIS_MESSAGE_KEY,
    WEBHOOK_TOKENS: WEBHOOK_TOKEN,
    PANEL_API_KEYS: PANEL_KEY,
    JWT_SECRETS: TEST_JWT_SECRET,
    ALLOWED_ORIGINS: 'https://panel.example.com',
    DRAIN_SECONDS: '1',
    CONNECTIONS_MAX: String(CONNECTIONS_MAX),
    // The least, so that little is sent to a client that does not read.
    UNREAD_BYTES_MAX: String(64 * 1024),
    VERIFY_REFUNDS: 'on',
    PROVIDER_API_URL: provider.apiUrl,
    PROVIDER_API_KEY: provider.apiKey,
    RECONCILE_EVERY_MINUTES: '1',
    RECONCILE_SILENT_HOURS: '1',
    OUTGOING_WEBHOOK_URL: panel.url,
    OUTGOING_WEBHOOK_SECRET: OUTGOING_SECRET,
    OUTGOING_WEBHOOK_ALLOW_PRIVATE: 'true',
    OUTGOING_WEBHOOK_RETRY_SECONDS: OUTGOING_RETRY_SECONDS,
    CERTIFICATES: files.certificate,
    BACKUP_DIR: files.backups,
    DISKS: disk.folder,
  }
  const commandLine: Record<string, string> = {}
  const cli = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
  const startMember = async (job: Member['job']): Promise<Member> => {
    const metricsPort = await freePort()
    const own = { ...env, METRICS_PORT: String(metricsPort) }
    const member: Member = {
      job,
      metricsPort,
      process: undefined,
      async start(changed) {
        const all = { ...own, ...changed }
        member.process = job === 'exporter' ? await startExporter(cli, all) : await startService(job, all)
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
  const sql = async (statement: string, url = primary.url): Promise<void> => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    try {
      await pool.query(statement)
    } finally {
      await pool.end()
    }
  }
  await sql(SHORTER_INTERVAL)
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
    get postgresUrl() {
      return primary.url
    },
    postgresProxy,
    standby: {
      get server() {
        return postgres.standby
      },
      kill: () => postgres.killStandby(),
      async restart() {
        await postgres.restartStandby()
        standbyProxy.target = portOf(postgres.standby.url)
      },
    },
    standbyProxy,
    spare: postgres.spare!,
    async failOver() {
      postgres.killPrimary()
      await postgres.promote()
      primary = postgres.standby
      postgresProxy.target = portOf(primary.url)
      postgresProxy.cut()
    },
    files,
    disk,
    provider,
    panel,
    traffic: { isSilent: false },
    sql,
    commandLine,
    async paxyo(...args) {
      const url = ingests[0]!.process!.url
      const variables = {
        ...env,
        ...commandLine,
        DATABASE_URL: primary.url,
        PAXYO_URL: url,
        PAXYO_API_KEY: PANEL_KEY,
        PATH: process.env['PATH'],
      }
      const child = spawn(process.execPath, [cli, ...args], { env: variables, stdio: ['ignore', 'ignore', 'inherit'] })
      const [code] = (await once(child, 'exit')) as [number | null]
      if (code !== 0) throw new Error(`paxyo ${args.join(' ')} ended with ${code}`)
    },
  }
}

export const portOf = (url: string): number => Number(new URL(url).port)

/** The panel's server, which receives webhooks. */
async function startPanel(resources: AsyncDisposableStack): Promise<{ url: string; status: number }> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(panel.status).end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  resources.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const panel = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`, status: 200 }
  return panel
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
