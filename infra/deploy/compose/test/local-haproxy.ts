import { completeSecrets } from '@paxyo/secrets'
import { eventually, freePort, provideProgram } from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CONFIG = new URL('../haproxy/haproxy.cfg', import.meta.url)
/** As many files as its configuration allows, where this is possible; Docker allows more. */
const START = 'ulimit -n 50000 2>/dev/null; exec "$@"'

export interface LocalHaproxyOptions {
  /** `host:port` of each server of a backend; the second one has the name that the configuration's rules use. */
  readonly servers: Partial<Record<'ingest' | 'gateway' | 'demo', readonly string[]>>
  /** Whether clients connect without TLS. */
  readonly isPlain?: boolean
  /** Whether it can be reloaded by a signal. */
  readonly isReloadable?: boolean
  /** Changes something else in the configuration. */
  readonly edit?: (config: string) => string
}

/** A real HAProxy with the configuration of docker compose, except for addresses, because there is no Docker DNS. */
export interface LocalHaproxy extends AsyncDisposable {
  readonly ports: Readonly<Record<'plain' | 'secure' | 'internal', number>>
  /** The authority of its certificate, for `localhost`. */
  readonly ca: string
  readonly child: ChildProcess
  /** Everything that it has printed. */
  output(): string
  /** A new process, which knows no address, with these variables of docker-compose.yml. */
  restart(settings?: NodeJS.ProcessEnv): Promise<void>
}

export async function startLocalHaproxy(options: LocalHaproxyOptions): Promise<LocalHaproxy> {
  const ports = { plain: await freePort(), secure: await freePort(), internal: await freePort() }
  const secrets = await completeSecrets({}, ['localhost'], new Date())
  await using cleanups = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-haproxy-'))
  cleanups.defer(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'tls'))
  writeFileSync(join(folder, 'tls/site.pem'), secrets['tls/site.pem']!)
  const config = join(folder, 'haproxy.cfg')
  writeFileSync(config, localConfig(options, ports, folder))

  const mode = options.isReloadable === true ? ['-W', '-db'] : ['-db']
  const command = [provideProgram(['haproxy'], 'haproxy'), ...mode, '-f', config]
  const log = join(folder, 'haproxy.log')
  let child: ChildProcess
  const output = (): string => readFileSync(log, 'utf8')
  async function start(settings: NodeJS.ProcessEnv): Promise<void> {
    // A line for each request goes to a file, so that this process need not read it.
    const file = openSync(log, 'a')
    child = spawn('sh', ['-c', START, 'sh', ...command], {
      env: { PATH: process.env['PATH'], PUBLIC_HTTPS_PORT: '443', ACME_THUMBPRINT: 'the_account-s', ...settings },
      stdio: ['ignore', file, file],
    })
    closeSync(file)
    await eventually(async () => (await fetch(`http://127.0.0.1:${ports.internal}/livez`)).ok).catch(() => {
      throw new Error(`HAProxy did not start:\n${output()}`)
    })
  }
  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
  cleanups.defer(stop)
  await start({})
  const started = cleanups.move()
  return {
    ports,
    ca: secrets['ca.crt']!,
    get child() {
      return child
    },
    output,
    async restart(settings = {}) {
      await stop()
      await start(settings)
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

function localConfig(
  { servers, isPlain = false, edit = (config) => config }: LocalHaproxyOptions,
  ports: LocalHaproxy['ports'],
  folder: string,
): string {
  const config = readFileSync(CONFIG, 'utf8')
    .replace(isPlain ? /bind :8443.*/ : 'bind :8443', `bind 127.0.0.1:${ports.secure}`)
    .replace('bind :8080', `bind 127.0.0.1:${ports.plain}`)
    .replace('bind :8404', `bind 127.0.0.1:${ports.internal}`)
    .replace('/etc/haproxy/tls/', `${join(folder, 'tls')}/`)
    .replaceAll(/server-template (\w+) .*/g, (line, name: keyof LocalHaproxyOptions['servers']) => {
      const addresses = servers[name]
      if (addresses === undefined) return line
      const lines = addresses.map((address, index) => `server ${name}${index + 1} ${address}`)
      // The rules name the second one.
      if (lines.length === 1) lines.push(`server ${name}2 127.0.0.1:1 disabled`)
      return lines.join('\n  ')
    })
  return edit(config)
}
