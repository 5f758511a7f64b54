import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBinaries, type Binaries } from './binaries.ts'
import { runAs, unprivilegedUser, type OsUser } from './run-as.ts'

export interface LocalPostgresOptions {
  /** The folder of the data; created when it does not exist. */
  readonly dataDir: string
  /** The password of the superuser `postgres`; fixed when the data is created. */
  readonly password: string
  /** Server settings in addition to the defaults, such as `{ fsync: 'off' }` for throw-away data. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface LocalPostgres {
  /** The connection string of the superuser, for the database `postgres`. */
  readonly url: string
  /** The server's main process. */
  readonly pid: number
  /** True when the server was already running: another process started it, and has died or still uses it. */
  readonly attached: boolean
  /** Rolls back open transactions and ends the server. */
  stop(): Promise<void>
}

const START_TIMEOUT_S = 60
const START_ATTEMPTS_MAX = 3
const START_RETRY_DELAY_MS = 200
/** How long a killed server's process may linger; PostgreSQL does not start meanwhile. */
const GONE_TIMEOUT_MS = 5_000
const GONE_INTERVAL_MS = 50
/** How long the process on the server's port may take to respond as PostgreSQL. */
const CHECK_TIMEOUT_MS = 2_000
/** How many lines of the server's log an error contains. */
const LOG_LINES_MAX = 8

const DEFAULT_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  // For SSDs. With the default of 4 the planner chooses sequential scans for the batch statements.
  random_page_cost: '1.1',
}

/**
 * Starts a PostgreSQL on a free port of the loopback address, or finds the one that already runs on this data. The server
 * survives the death of this process, so the next start finds it, and Ctrl-C does not reach it.
 *
 * @example
 * const postgres = await startLocalPostgres({ dataDir: `${folder}/data`, password: 'a-password', settings: { fsync: 'off' } })
 * postgres.attached //=> false
 * await postgres.stop()
 */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const server: Server = {
    binaries: await findBinaries(),
    dataDir: resolve(options.dataDir),
    password: options.password,
    user: await unprivilegedUser(),
  }
  if (!existsSync(join(server.dataDir, 'PG_VERSION'))) await initialise(server)

  const running = await readPidFile(server.dataDir)
  if (running !== undefined && (await isPostgres(running.port))) return toHandle(server, running, true)
  if (running !== undefined) await untilGone(running.pid)

  for (let attempt = 1; ; attempt += 1) {
    try {
      await start(server, { ...DEFAULT_SETTINGS, ...options.settings })
      break
    } catch (error) {
      // Another process may have taken the port before the server bound it, or the backends of a killed server have not
      // ended yet.
      if (attempt === START_ATTEMPTS_MAX) throw error
      await sleep(START_RETRY_DELAY_MS)
    }
  }
  const started = await readPidFile(server.dataDir)
  if (started === undefined) throw new Error('PostgreSQL started but left no postmaster.pid')
  return toHandle(server, started, false)
}

interface Server {
  readonly binaries: Binaries
  readonly dataDir: string
  readonly password: string
  readonly user: OsUser | undefined
}

/**
 * Creates the data in a temporary folder, then moves it into place, so that a killed initdb leaves nothing incomplete.
 *
 * @throws Error when the folder has other content.
 */
async function initialise({ binaries, dataDir, password, user }: Server): Promise<void> {
  if ((await filesIn(dataDir)).length > 0) throw new Error(`${dataDir} is not empty and contains no PostgreSQL data`)
  const building = `${dataDir}.new`
  const passwordFile = `${dataDir}.password`
  await rm(building, { recursive: true, force: true })
  await mkdir(building, { recursive: true, mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  try {
    if (user !== undefined) await Promise.all([building, passwordFile].map((path) => chown(path, user.uid, user.gid)))
    await runAs(
      user,
      await executable(binaries.initdb),
      [
        `--pgdata=${building}`,
        '--username=postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--locale=C.UTF-8',
      ],
      dataDir,
    )
  } finally {
    await rm(passwordFile, { force: true })
  }
  await rmdir(dataDir).catch(() => undefined)
  await rename(building, dataDir)
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw code === 'ENOTDIR' ? new Error(`${folder} is not a folder`, { cause: error }) : error
  }
}

async function start({ binaries, dataDir, user }: Server, settings: Record<string, string>): Promise<void> {
  const port = await freePort()
  const lines = Object.entries({ ...settings, port: String(port) }).map(([name, value]) => `${name} = '${value}'\n`)
  const config = join(dataDir, 'postgresql.auto.conf')
  await writeFile(config, lines.join(''), { mode: 0o600 })
  if (user !== undefined) await chown(config, user.uid, user.gid)
  await executable(join(dirname(binaries.pg_ctl), process.platform === 'win32' ? 'postgres.exe' : 'postgres'))
  const log = join(dataDir, 'server.log')
  const args = ['start', `--pgdata=${dataDir}`, `--log=${log}`, '--wait', `--timeout=${START_TIMEOUT_S}`, '--silent']
  try {
    await runAs(user, await executable(binaries.pg_ctl), args, dataDir)
  } catch (error) {
    // pg_ctl only names the log that has the reason.
    const lastLines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-LOG_LINES_MAX)
    throw new Error(`PostgreSQL did not start. The end of ${log}:\n${lastLines.join('\n')}`, { cause: error })
  }
}

function toHandle(server: Server, { pid, port }: PidFile, attached: boolean): LocalPostgres {
  return {
    url: `postgres://postgres:${encodeURIComponent(server.password)}@127.0.0.1:${port}/postgres`,
    pid,
    attached,
    stop: () =>
      runAs(
        server.user,
        server.binaries.pg_ctl,
        ['stop', `--pgdata=${server.dataDir}`, '--mode=fast', '--silent'],
        server.dataDir,
      ),
  }
}

interface PidFile {
  readonly pid: number
  readonly port: number
}

/** postmaster.pid: the process id is on line 1, the port on line 4. */
async function readPidFile(dataDir: string): Promise<PidFile | undefined> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  return pid > 0 && port > 0 ? { pid, port } : undefined
}

/** Archives of npm packages do not always keep the executable bit. */
async function executable(path: string): Promise<string> {
  if (process.platform !== 'win32') await chmod(path, 0o755).catch(() => undefined)
  return path
}

/** A port of the loopback address that is currently free. */
function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolvePort(port))
    })
  })
}

/** Waits for a process to end; not forever, because after a reboot another process may have its id. */
async function untilGone(pid: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < GONE_TIMEOUT_MS && isAlive(pid); waitedMs += GONE_INTERVAL_MS) {
    await sleep(GONE_INTERVAL_MS)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Whether a PostgreSQL listens on a port. After a reboot it may be another program. */
function isPostgres(port: number): Promise<boolean> {
  const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
  return new Promise((resolveResult) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(sslRequest))
    const conclude = (result: boolean): void => {
      socket.destroy()
      resolveResult(result)
    }
    // The response is one byte: S for yes or N for no.
    socket.once('data', (response) => conclude(response.toString() === 'N' || response.toString() === 'S'))
    socket.once('error', () => conclude(false)).once('end', () => conclude(false))
    socket.setTimeout(CHECK_TIMEOUT_MS, () => conclude(false))
  })
}
