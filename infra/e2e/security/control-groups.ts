// Containers have control groups: the kernel shares a busy core among these by their CPU shares. Without them it shares the core among
// threads, so that a process with many threads gets more of it. So here each process has one, too, with the shares of docker-compose.yml.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export type Container = 'haproxy' | 'postgres' | 'redis' | 'webhook-ingest' | 'ws-gateway'

/** When it is disposed, all processes in it have ended, but this one. */
export interface ControlGroups extends Disposable {
  /** Moves a process and its children into a new group. */
  add(name: string, pid: number, container?: Container): void
  /** This process gets what all others leave. */
  addAttackers(): void
}

/** What docker-compose.yml gives most containers. */
const DEFAULT_SHARES = 1_024
const COMPOSE_FILE = new URL('../../../docker-compose.yml', import.meta.url)
/** Where the kernel's controller for the processor is, in the first and in the second version. */
const [VERSION_1, VERSION_2] = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup']

/** @throws when this process may not create control groups: it is not root, or cannot write to `/sys/fs/cgroup`. */
export function createControlGroups(): ControlGroups {
  const isFirst = existsSync(join(VERSION_1, 'cpu.shares'))
  const root = isFirst ? VERSION_1 : VERSION_2
  const folder = mkdtempSync(join(root, 'paxyo-attack-'))
  try {
    if (!isFirst) for (const parent of [root, folder]) writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu')
  } catch (error) {
    rmdirSync(folder)
    throw error
  }
  const groups: string[] = []
  function create(name: string): string {
    const group = join(folder, name)
    mkdirSync(group)
    groups.push(group)
    return group
  }
  const move = (pid: number, group: string): void => writeFileSync(join(group, 'cgroup.procs'), String(pid))
  const sharesOf = readShares()
  return {
    add(name, pid, container) {
      const group = create(name)
      const shares = container === undefined ? DEFAULT_SHARES : sharesOf(container)
      if (isFirst) writeFileSync(join(group, 'cpu.shares'), String(shares))
      // Weights have the same ratios, and 100 instead of 1,024.
      else writeFileSync(join(group, 'cpu.weight'), String(Math.round((shares * 100) / 1_024)))
      move(pid, group)
      // Those that it starts from now on are in its group.
      for (const child of childrenOf(pid)) unlessEnded(() => move(child, group))
    },
    addAttackers() {
      const group = create('attackers')
      // Linux 5.15 and newer; before, the threads' own policy must do.
      const idle = join(group, 'cpu.idle')
      if (existsSync(idle)) writeFileSync(idle, '1')
      move(process.pid, group)
    },
    [Symbol.dispose]() {
      move(process.pid, root)
      for (const group of [...groups, folder]) rmdirSync(group)
    },
  }
}

function readShares(): (container: Container) => number {
  interface Compose {
    readonly services: Readonly<Record<Container, { readonly cpu_shares: number }>>
  }
  const { services } = parse(readFileSync(COMPOSE_FILE, 'utf8'), { merge: true }) as Compose
  return (container) => services[container].cpu_shares
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const isChild = new RegExp(`^PPid:\\s+${parent}$`, 'm')
  return pids
    .map(Number)
    .filter((pid) => isChild.test(unlessEnded(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? ''))
}

function unlessEnded<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
