import { unprivilegedUser } from '@paxyo/local-postgres'
import { freePort, killTree, provideProgram, signalTree, startChaosProxy, type ChaosProxy } from '@paxyo/testkit'
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startNodeProcess, type NodeProcess } from './node-process.ts'
import { patroniConfig } from './patroni-config.ts'

/** A machine with PostgreSQL and Patroni, and the links that lead to it and from it. */
export interface PatroniNode {
  readonly name: string
  readonly patroni: NodeProcess
  /** Where services and other nodes reach its PostgreSQL, and Patroni's REST API. */
  readonly postgresPort: number
  readonly restPort: number
  /** PostgreSQL's main process; undefined while it does not run. */
  postgresPid(): number | undefined
  /** Ends everything at once, as the loss of its machine does. */
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** Its links: to its PostgreSQL, to its REST API, and from it to etcd. */
  readonly links: { readonly postgres: ChaosProxy; readonly rest: ChaosProxy; readonly etcd: readonly ChaosProxy[] }
}

const PROGRAMS = '/usr/lib/postgresql/15/bin'

/** The Debian packages of everything that this needs, by the programs that they have. */
export const HA_PACKAGES = {
  patroni: ['patroni', 'python3-etcd'],
  etcd: ['etcd-server'],
  [`${PROGRAMS}/postgres`]: ['postgresql-15'],
  haproxy: ['haproxy'],
  'redis-server': ['redis-server'],
}

export async function startPatroniNode(
  name: string,
  parent: string,
  etcdPorts: readonly number[],
  resources: AsyncDisposableStack,
): Promise<PatroniNode> {
  const program = provideProgram(['patroni'], 'patroni', 'python3-etcd')
  const postgres = provideProgram([`${PROGRAMS}/postgres`], 'postgresql-15')
  const user = await unprivilegedUser()
  const folder = join(parent, name)
  mkdirSync(folder)
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const [postgresPort, restPort] = [await freePort(), await freePort()]
  const links = {
    postgres: resources.use(await startChaosProxy(postgresPort)),
    rest: resources.use(await startChaosProxy(restPort)),
    etcd: await Promise.all(etcdPorts.map(async (port) => resources.use(await startChaosProxy(port)))),
  }
  const dataDir = join(folder, 'data')
  const config = join(folder, 'patroni.yml')
  const ports = { postgresPort, restPort, postgresProxyPort: links.postgres.port, restProxyPort: links.rest.port }
  const etcd = { etcdPorts: links.etcd.map(({ port }) => port) }
  writeFileSync(config, patroniConfig({ name, dataDir, folder, programs: dirname(postgres), ...ports, ...etcd }))
  const patroni = startNodeProcess(program, [config], { ...user, cwd: folder, log: join(folder, 'patroni.log') })

  const postgresPid = (): number | undefined => {
    try {
      return Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0])
    } catch {
      return undefined
    }
  }
  const signalPostgres = (signal: NodeJS.Signals): void => {
    const pid = postgresPid()
    if (pid !== undefined) signalTree(pid, signal)
  }
  const node: PatroniNode = {
    name,
    patroni,
    postgresPort: links.postgres.port,
    restPort: links.rest.port,
    postgresPid,
    async kill() {
      patroni.pause()
      const pid = postgresPid()
      if (pid !== undefined) killTree(pid)
      await patroni.kill()
    },
    pause() {
      patroni.pause()
      signalPostgres('SIGSTOP')
    },
    resume() {
      signalPostgres('SIGCONT')
      patroni.resume()
    },
    links,
  }
  resources.defer(() => node.kill())
  return node
}
