// Containers have control groups: the kernel shares a busy core among these by their CPU shares, however many threads and processes each
// has. Without them one busy process takes the time of all others. So here each process has one, too, with the shares of docker-compose.yml.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export type Container = 'haproxy' | 'postgres' | 'redis' | 'webhook-ingest' | 'ws-gateway'

export interface ControlGroups extends Disposable {
  /** Moves a process and its children into a new group. */
  add(name: string, pid: number, container?: Container): void
  /** This process gets what all others leave. */
  addAttackers(): void
}

/** Of a container without `cpu_shares`. */
const DEFAULT_SHARES = 1_024
const COMPOSE_FILE = new URL('../../../docker-compose.yml', import.meta.url)
/** Where the kernel's controller for the processor is, in the first and in the second version. */
const [VERSION_1, VERSION_2] = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup']

/** @returns undefined when this process may not create control groups: it is not root, or there are none. */
export function createControlGroups(): ControlGroups | undefined {
  const isFirst = existsSync(join(VERSION_1, 'cpu.shares'))
  const root = isFirst ? VERSION_1 : VERSION_2
  const folder = join(root, `paxyo-attack-${process.pid}`)
  try {
    mkdirSync(folder)
    if (!isFirst) for (const parent of [root, folder]) writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu')
  } catch {
    if (existsSync(folder)) rmdirSync(folder)
    return undefined
  }
  const groups: string[] = []
  function create(name: string): string {
    const group = join(folder, name)
    mkdirSync(group)
    groups.unshift(group)
    return group
  }
  const move = (pid: number, group: string): void => writeFileSync(join(group, 'cgroup.procs'), String(pid))
  const sharesOf = readShares()
  return {
    add(name, pid, container) {
      const group = create(name)
      const shares = container === undefined ? DEFAULT_SHARES : sharesOf(container)
      if (isFirst) writeFileSync(join(group, 'cpu.shares'), String(shares))
      else writeFileSync(join(group, 'cpu.weight'), String(weightOf(shares)))
      for (const each of [pid, ...childrenOf(pid)]) move(each, group)
    },
    addAttackers() {
      const group = create('attackers')
      writeFileSync(join(group, 'cpu.idle'), '1')
      move(process.pid, group)
    },
    [Symbol.dispose]() {
      move(process.pid, root)
      for (const group of [...groups, folder]) rmdirSync(group)
    },
  }
}

/** As Docker converts them for the second version, whose weights are 1 to 10,000. */
const weightOf = (shares: number): number => Math.round(1 + ((shares - 2) * 9_999) / 262_142)

function readShares(): (container: Container) => number {
  interface Compose {
    readonly services: Readonly<Record<Container, { readonly cpu_shares?: number }>>
  }
  const { services } = parse(readFileSync(COMPOSE_FILE, 'utf8'), { merge: true }) as Compose
  return (container) => services[container].cpu_shares ?? DEFAULT_SHARES
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => {
    // The process may have ended.
    const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : ''
    return new RegExp(`^PPid:\\s+${parent}$`, 'm').test(status)
  })
}
