import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideProgram } from './debian-package.ts'
import { freePort } from './free-port.ts'

/** The variable for another server with Redis's protocol, such as `valkey-server`: its name or path. */
const REDIS_SERVER = 'REDIS_SERVER'

/** A separate Redis, for tests of failures. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly process: ChildProcess
  /** Starts it again on the same port, after it was killed. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/**
 * @param settings as on its command line.
 * @param lines of its configuration file, which sentinels need.
 */
export async function startRedisServer(
  settings: readonly string[] = [],
  lines: readonly string[] = [],
): Promise<RedisServer> {
  const program = process.env[REDIS_SERVER] || provideProgram(['redis-server'], 'redis-server')
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-redis-'))
  const file = join(dir, 'redis.conf')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const args = [
    file,
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    dir,
    ...settings,
  ]
  let child = await start(program, args)
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get process() {
      return child
    },
    async restart() {
      await end(child)
      child = await start(program, args)
    },
    async stop() {
      await end(child)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function start(program: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${program} ended:\n${output}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/Ready to accept connections|Sentinel ID is/.test(output)) resolve()
    })
  })
  child.stdout.removeAllListeners('data').resume()
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
