import type { WebhookType } from '@paxyo/contracts'
import { createPanelClient } from '@paxyo/panel-client'
import {
  eventually,
  freePort,
  hostEnvironment,
  providePhp,
  startApache,
  startPhpServer,
  startProgram,
  type MariaDb,
} from '@paxyo/testkit'
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Random } from '../../chaos/random.ts'
import { PANEL_KEY } from '../../e2e/system.ts'
import { EXAMPLE, PHP_EXTENSIONS, runPhp } from './php-panel.ts'
import { startUnreliableProxy, type UnreliableProxy } from './unreliable-proxy.ts'

/** A panel whose tables in MariaDB are kept true in one way. */
export interface PanelSite extends AsyncDisposable {
  readonly database: string
  /** Stops what keeps its tables true: its web server, or the process that follows the feed. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Ends the harm that the network does. */
  calm(): void
  /** What PHP complained about. */
  readonly log: () => string
  readonly counts: () => Readonly<Record<string, number>>
}

export interface SiteDeps {
  readonly mariaDb: MariaDb
  /** The address of the API, which stays the same when services are started again. */
  readonly apiUrl: string
  readonly random: Random
}

interface Running extends AsyncDisposable {
  readonly log: () => string
}

/** Creates the tables of a panel in a new database. */
async function createTables({ mariaDb, apiUrl }: SiteDeps, database: string): Promise<Record<string, string>> {
  mariaDb.run(`CREATE DATABASE ${database}`)
  const env = {
    PANEL_DB: `mysql:unix_socket=${mariaDb.socket};dbname=${database}`,
    PANEL_DB_USER: 'root',
    PAXYO_API: apiUrl,
    PAXYO_PANEL_KEY: PANEL_KEY,
  }
  await runPhp([`${EXAMPLE}install.php`], env)
  return env
}

/** A copy of the example and the package that any user can read, as on a web server. */
function publish(): string {
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-site-'))
  chmodSync(folder, 0o755)
  cpSync(EXAMPLE, join(folder, 'infra/examples/php'), { recursive: true })
  for (const part of ['autoload.php', 'src']) {
    cpSync(join(EXAMPLE, '../../../packages/php', part), join(folder, 'packages/php', part), { recursive: true })
  }
  return folder
}

type StartServer = (folder: string, port: number, env: Readonly<Record<string, string>>) => Promise<Running>

const startServer: Readonly<Record<'builtin' | 'apache', StartServer>> = {
  async builtin(folder, port, env) {
    const server = await startPhpServer(folder, env, { extensions: PHP_EXTENSIONS, port })
    return { log: server.output, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  },
  apache: (folder, port, env) => startApache(folder, port, env, PHP_EXTENSIONS),
}

/** A panel that learns of changes by webhooks alone. */
export async function startWebhookSite(
  deps: SiteDeps,
  kind: 'builtin' | 'apache',
  types: readonly WebhookType[],
): Promise<PanelSite> {
  const port = await freePort()
  const env = await createTables(deps, kind)
  const proxy = await startUnreliableProxy(`http://127.0.0.1:${port}`, deps.random)
  const { endpoints } = createPanelClient({ url: deps.apiUrl, apiKey: PANEL_KEY }).outgoingWebhooks
  const { secret } = await endpoints.create({ url: `${proxy.url}/webhook.php`, types: [...types] })
  const folder = publish()
  const start = (): Promise<Running> =>
    startServer[kind](join(folder, 'infra/examples/php/public'), port, { ...env, PAXYO_WEBHOOK_SECRET: secret })
  return toSite(kind, start, proxy, () => rmSync(folder, { recursive: true, force: true }))
}

/** A panel that learns of changes by the feed alone. */
export async function startFeedSite(deps: SiteDeps): Promise<PanelSite> {
  const env = await createTables(deps, 'feed')
  const start = async (): Promise<Running> => {
    const program = await startProgram(providePhp(...PHP_EXTENSIONS), [`${EXAMPLE}follow.php`], {
      env: { ...hostEnvironment(), ...env },
    })
    const ending = (): string => (program.exitCode() === null ? '' : `\nfollow.php ended with ${program.exitCode()}`)
    return {
      log: () => program.output() + ending(),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    }
  }
  return toSite('feed', start, undefined, () => undefined)
}

async function toSite(
  database: string,
  startRunning: () => Promise<Running>,
  proxy: UnreliableProxy | undefined,
  remove: () => void,
): Promise<PanelSite> {
  let running: Running | undefined = await startRunning()
  let log = ''
  const stop = async (): Promise<void> => {
    log += running?.log() ?? ''
    await running?.[Symbol.asyncDispose]()
    running = undefined
  }
  return {
    database,
    stop,
    start: async () => void (running ??= await eventually(startRunning)),
    calm: () => void (proxy !== undefined && (proxy.isHostile = false)),
    log: () => `${log}${running?.log() ?? ''}`,
    counts: () => proxy?.counts ?? {},
    async [Symbol.asyncDispose]() {
      await stop()
      await proxy?.[Symbol.asyncDispose]()
      remove()
    },
  }
}
