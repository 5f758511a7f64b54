import { eventually } from '@paxyo/testkit'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest, Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const HA_FILE = 'infra/deploy/compose/ha.yml'
const HA_NODES = ['postgres-one', 'postgres-two', 'postgres-three']
const ALL_PROFILES = ['--profile', 'demo', '--profile', 'observability', '--profile', 'setup']
const REQUEST_TIMEOUT_MS = 15_000
const SOCKETS_MAX = 256

/** A whole installation in containers, with its own secrets. */
export interface Stack extends AsyncDisposable {
  /** The URL of HAProxy, such as `https://localhost:4711`. */
  readonly url: string
  readonly httpUrl: string
  /** The authority that signed its certificate. */
  readonly ca: string
  /** The first value of a secret. */
  secret(name: string): string
  compose(...args: readonly string[]): Promise<string>
  /** The container of the PostgreSQL that accepts writes. */
  primary(): Promise<string>
  /** Runs `npm run <name>` for this installation. */
  npmRun(...args: readonly string[]): Promise<string>
  /** Runs commands in a shell, with a folder as `BACKUP_DIR`; ends at the first that fails. */
  shell(commands: string): Promise<string>
  /** Queries PostgreSQL as its superuser; each row is an array of texts. */
  query(sql: string): Promise<string[][]>
  request(path: string, options: RequestOptions): Promise<StackResponse>
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface StackResponse {
  readonly status: number
  readonly body: string
}

export interface StackOptions {
  readonly settings: Readonly<Record<string, string>>
  /** With three PostgreSQL under Patroni. */
  readonly isHa: boolean
  readonly onBuilt: () => void
}

/** Builds the images, calls `onBuilt`, and starts all services. */
export async function startStack({ settings, isHa, onBuilt }: StackOptions): Promise<Stack> {
  await using cleanups = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-compose-'))
  cleanups.defer(() => rmSync(folder, { recursive: true, force: true }))
  const [file = 'docker-compose.yml', ...overrides] = process.env['COMPOSE_FILE']?.split(delimiter) ?? []
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: 'paxyo-compose-test',
    COMPOSE_FILE: [file, ...(isHa ? [HA_FILE] : []), ...overrides].join(delimiter),
    SECRETS_DIR: folder,
    ...settings,
  }
  const compose = (...args: readonly string[]): Promise<string> => run('docker', ['compose', ...args], env)
  const npmRun = (...args: readonly string[]): Promise<string> => run('npm', ['run', '--silent', ...args], env)

  // Without an engine `down` would also fail, and hide the cause.
  await run('docker', ['info', '--format', '{{.ServerVersion}}'], env)
  await npmRun('secrets')
  const takeDown = (): Promise<string> =>
    compose(...ALL_PROFILES, 'down', '--volumes', '--remove-orphans', '--timeout', '5')
  cleanups.defer(async () => void (await takeDown()))
  await takeDown()
  await compose(...ALL_PROFILES, 'build')
  onBuilt()
  await compose('up', '--detach', '--no-build')

  const ca = readFileSync(join(folder, 'ca.crt'), 'utf8')
  const agent = new Agent({ ca, keepAlive: true, maxSockets: SOCKETS_MAX })
  cleanups.defer(() => agent.destroy())
  const url = `https://localhost:${settings['HTTPS_PORT']}`
  const nodes = isHa ? HA_NODES : ['postgres']
  const primary = (): Promise<string> =>
    eventually(async () => {
      if (nodes.length === 1) return nodes[0]!
      const leads = await Promise.all(
        nodes.map((node) =>
          compose('exec', '-T', node, 'curl', '--fail', '--silent', 'http://127.0.0.1:8008/primary').then(
            () => true,
            () => false,
          ),
        ),
      )
      return nodes[leads.indexOf(true)]
    })
  const owned = cleanups.move()
  return {
    url,
    httpUrl: `http://localhost:${settings['HTTP_PORT']}`,
    ca,
    compose,
    primary,
    npmRun,
    shell: (commands) =>
      run('bash', ['-e', '-o', 'pipefail', '-c', commands], { ...env, BACKUP_DIR: join(folder, 'backups') }),
    secret: (name) => readFileSync(join(folder, name), 'utf8').trim().split(',')[0]!,
    request: (path, options) => request(agent, `${url}${path}`, options),
    async query(sql) {
      const psql = ['bash', '/etc/paxyo/psql.sh', '-AtF', '|', '-v', 'ON_ERROR_STOP=1', '-c', sql]
      const output = await compose('exec', '-T', await primary(), ...psql)
      return output
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('|'))
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** HAProxy may close an idle connection just when a request is written to it: such a request is retried. */
async function request(agent: Agent, url: string, options: RequestOptions): Promise<StackResponse> {
  for (;;) {
    const outgoing = httpsRequest(url, {
      agent,
      method: options.method ?? 'GET',
      headers: options.headers ?? {},
      timeout: REQUEST_TIMEOUT_MS,
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no response in time')))
    outgoing.end(options.body)
    try {
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
      return { status: response.statusCode!, body: await text(response) }
    } catch (error) {
      if (!outgoing.reusedSocket || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
    }
  }
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${errors.slice(-4_000)}`))
    })
  })
}
