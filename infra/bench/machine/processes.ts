import { readdirSync, readFileSync } from 'node:fs'

/** The kernel's unit in /proc: 100 a second on every common Linux. */
const TICKS_PER_SECOND = 100

/** CPU seconds that a process has used, its user and system time. */
export function cpuSecondsOf(pid: number): number {
  const times = readStat(pid)
  return times === undefined ? 0 : (times.user + times.system) / TICKS_PER_SECOND
}

/** CPU seconds of a process, its children, and those of its children that have ended: a PostgreSQL with its backends. */
export function cpuSecondsOfFamily(pid: number): number {
  const ended = (readStat(pid)?.endedChildren ?? 0) / TICKS_PER_SECOND
  return [pid, ...childrenOf(pid)].reduce((sum, member) => sum + cpuSecondsOf(member), ended)
}

/** The part of the CPU seconds of a process and its children that is not the kernel's. */
export function userSecondsOfFamily(pid: number): number {
  const ticks = [pid, ...childrenOf(pid)].reduce((sum, member) => sum + (readStat(member)?.user ?? 0), 0)
  return ticks / TICKS_PER_SECOND
}

/** Memory that a process and its children have in RAM; pages that they share count more than once. */
export function residentBytesOfFamily(pid: number): number {
  let kilobytes = 0
  for (const member of [pid, ...childrenOf(pid)]) {
    const status = readFileSync(`/proc/${member}/status`, 'latin1')
    kilobytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
  }
  return kilobytes * 1024
}

export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => readStat(other)?.parent === pid)
}

interface Times {
  readonly parent: number
  readonly user: number
  readonly system: number
  readonly endedChildren: number
}

function readStat(pid: number): Times | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in parentheses, may contain anything; the fields after it start with `state`.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return { parent: fields[1]!, user: fields[11]!, system: fields[12]!, endedChildren: fields[13]! + fields[14]! }
  } catch {
    return undefined
  }
}
