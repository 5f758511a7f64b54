import closeWithGrace from 'close-with-grace'
import { startFailure } from './start-failure.ts'

export interface RunningService {
  /** How long closing may take before the process exits anyway. Default: 30 s. */
  readonly closeTimeoutMs?: number
}

/**
 * Starts a service. It adds every resource to `resources` where it creates it. They are released in reverse order when
 * the service is closed, and when its start fails halfway.
 *
 * @example
 * await runService(async (resources) => {
 *   const pool = resources.adopt(createPool(options), (it) => it.end())
 *   const app = resources.use(createHttpServer({ log, trustProxy }))
 *   registerHealth(app, { database: async () => void (await pool.query('SELECT 1')) })
 *   await listen(app, { host, port })
 * })
 */
export type StartService = (resources: AsyncDisposableStack) => Promise<RunningService | void>

const CLOSE_TIMEOUT_MS = 30_000

/**
 * Runs a service until it is stopped: the first SIGTERM or SIGINT closes it, a second one exits immediately. When the
 * start fails, it releases the resources and exits; for an invalid configuration it prints one line per problem.
 *
 * @example
 * await runService(async (resources) => {
 *   const app = resources.use(createHttpServer({ log, trustProxy: false }))
 *   registerHealth(app, {})
 *   await listen(app, { host: '0.0.0.0', port: 8080 })
 * })
 */
export async function runService(start: StartService): Promise<void> {
  const resources = new AsyncDisposableStack()
  // Starts in a microtask, after the signal handlers are installed.
  const starting = Promise.resolve()
    .then(() => start(resources))
    .catch((error: unknown) => failStart(error, resources))
  const parentWatch = watchNpm()
  closeWithGrace({ delay: false }, async ({ err }) => {
    clearInterval(parentWatch)
    if (err !== undefined) process.stderr.write(`${err.stack ?? err.message}\n`)
    const service = await starting
    await release(resources, service?.closeTimeoutMs)
  })
  await starting
}

async function failStart(cause: unknown, resources: AsyncDisposableStack): Promise<never> {
  process.stderr.write(`${startFailure(cause)}\n`)
  await release(resources).catch((closeError: unknown) => process.stderr.write(`${startFailure(closeError)}\n`))
  process.exit(1)
}

async function release(resources: AsyncDisposableStack, timeoutMs = CLOSE_TIMEOUT_MS): Promise<void> {
  const timer = setTimeout(() => {
    process.stderr.write('shutdown timed out\n')
    process.exit(1)
  }, timeoutMs)
  await resources.disposeAsync()
  clearTimeout(timer)
}

const PARENT_CHECK_INTERVAL_MS = 200

/**
 * npm forwards a SIGTERM only to the shell in which it runs this process, and that shell exits without forwarding it. So
 * when npm runs this process, the end of the shell counts as SIGTERM.
 */
function watchNpm(): NodeJS.Timeout | undefined {
  if (process.env['npm_lifecycle_event'] === undefined) return undefined
  const parent = process.ppid
  return setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, PARENT_CHECK_INTERVAL_MS).unref()
}
