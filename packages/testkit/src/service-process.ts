import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundleProgram } from './bundle.ts'
import { ROOT } from './checkout.ts'
import { eventually } from './eventually.ts'
import { RUN_FOLDER_VARIABLE } from './once-per-run.ts'

export type ServiceName = 'webhook-ingest' | 'ws-gateway'

/** A service in a separate process, as in production. */
export interface ServiceProcess extends AsyncDisposable {
  /** Its address, such as `http://127.0.0.1:4711`. */
  readonly url: string
  readonly child: ChildProcess
  /** Everything that it has printed. */
  readonly output: () => string
  /** Sends a signal and waits for the process to end. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** How long the remaining output of an ended process may take: its child processes may keep the output open. */
const OUTPUT_TIMEOUT_MS = 5_000

/** Node's options for processes that live for seconds: without them the garbage collector takes a fifth of the CPU time. */
export const SHORT_LIVED = ['--single-threaded-gc', '--min-semi-space-size=16']

/**
 * Starts a service with its environment variables.
 *
 * @param root the folder of its version.
 */
export async function startService(
  name: ServiceName,
  env: Readonly<Record<string, string>>,
  root: string = ROOT,
): Promise<ServiceProcess> {
  const main = join(root, `services/${name}/src/main.ts`)
  // Node's options, such as a module that instruments others, may need the modules themselves.
  return startProcess(env['NODE_OPTIONS'] === undefined ? await bundleProgram(main) : main, env)
}

/**
 * The part of the tests' environment that a process needs: the PATH, the folder of temporary files, and the compile cache that
 * makes its start faster.
 */
export function hostEnvironment(): Record<string, string | undefined> {
  const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env
  return { PATH, TMPDIR, NODE_COMPILE_CACHE }
}

/** Runs a script with only the given environment as its configuration, and waits until it logs that it listens. */
export async function startProcess(main: string, env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  // Outside a run of the tests, as in a load test, it runs as in production.
  const nodeOptions = process.env[RUN_FOLDER_VARIABLE] === undefined ? [] : SHORT_LIVED
  const child = spawn(process.execPath, [...nodeOptions, main], {
    env: { ...hostEnvironment(), HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => (output += text))
  }
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const exited = once(child, 'exit')
  const closed = once(child, 'close')
  /** Ends it, and waits for its remaining output. */
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (!hasEnded()) child.kill(signal)
    await exited
    await Promise.race([closed, sleep(OUTPUT_TIMEOUT_MS, undefined, { ref: false })])
    return child.exitCode
  }
  const url = await eventually(async () => {
    if (hasEnded()) return ''
    // With a given port it does not need to log anything.
    if (env['PORT'] !== undefined) return whenResponding(`http://127.0.0.1:${env['PORT']}`)
    return /"address":"(http[^"]+)".*"listening"/.exec(output)?.[1]
  }).catch(() => '')
  if (url === '') {
    await end('SIGKILL')
    throw new Error(`${main} did not start:\n${output}`)
  }

  return { url, child, output: () => output, end, [Symbol.asyncDispose]: async () => void (await end('SIGKILL')) }
}

/** The address itself, when a server responds there. */
async function whenResponding(url: string): Promise<string | undefined> {
  return fetch(`${url}/livez`).then(
    () => url,
    () => undefined,
  )
}
