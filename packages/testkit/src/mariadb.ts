import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { provideProgram } from './debian-package.ts'
import { eventually } from './eventually.ts'
import { copyOncePerRun } from './once-per-run.ts'

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** A separate MariaDB, which understands MySQL's SQL, on its own socket. */
export interface MariaDb extends AsyncDisposable {
  /** The only folder that `INTO OUTFILE` may write to. */
  readonly exportDir: string
  /** The path of its socket, on which it lets in `root` without a password. */
  readonly socket: string
  /** Runs statements, and returns what they print. @throws when one of them fails. */
  run(sql: string): string
  /** The same, while the servers of this process go on. */
  query(sql: string): Promise<string>
}

/** @throws Error that names the packages when MariaDB is missing and cannot be installed. */
export async function startMariaDb(): Promise<MariaDb> {
  const packages = ['mariadb-server-core', 'mariadb-client-core']
  const server = provideProgram(['mariadbd'], ...packages)
  const client = provideProgram(['mariadb'], ...packages)
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-mariadb-'))
  // A web server of another user connects to its socket.
  chmodSync(dir, 0o755)
  const [dataDir, exportDir, socket] = [join(dir, 'data'), join(dir, 'export'), join(dir, 'socket')]
  mkdirSync(exportDir)
  // Without this option it does not run as root.
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  const prepare = provideProgram(['mariadb-install-db'], ...packages)
  const authentication = '--auth-root-authentication-method=normal'
  const install = async (folder: string): Promise<void> =>
    void runProgram(prepare, ['--no-defaults', ...user, `--datadir=${folder}`, authentication, '--skip-test-db'])
  await copyOncePerRun('mariadb', install, dataDir)
  const listening = [`--socket=${socket}`, '--skip-networking', `--pid-file=${dir}/pid`]
  // It is never killed and started again, so nothing has to reach the disk.
  const fast = ['--innodb-flush-log-at-trx-commit=0', '--innodb-flush-method=nosync', '--innodb-doublewrite=0']
  const files = [`--datadir=${dataDir}`, `--secure-file-priv=${exportDir}`]
  const child = spawn(server, ['--no-defaults', ...user, ...files, ...listening, ...fast], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const exited = once(child, 'exit')
  const connection = ['--no-defaults', '-uroot', '-S', socket, '--batch']
  const run = (sql: string): string => runProgram(client, connection, sql)
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`mariadbd ended:\n${output}`)
    return output.includes('ready for connections')
  })
  return {
    exportDir,
    socket,
    run,
    async query(sql) {
      const { stdout } = await promisify(execFile)(client, [...connection, '-e', sql], { maxBuffer: OUTPUT_BYTES_MAX })
      return stdout
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function runProgram(program: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} failed:\n${stdout}${stderr}`)
  return stdout
}
