import { readdirSync, readFileSync } from 'node:fs'

/** The kernel's unit in /proc: 100 a second on every Linux that one meets. */
const TICKS_PER_SECOND = 100

/** CPU seconds that a process has used, its user and system time. */
export function cpuSecondsOf(pid: number): number {
  const times = readStat(pid)
  return times === undefined ? 0 : times.own / TICKS_PER_SECOND
}

/** CPU seconds of a process, its children, and those of its children that have ended: a PostgreSQL with its backends. */
export function cpuSecondsOfFamily(pid: number): number {
  let ticks = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const times = readStat(Number(name))
    if (times === undefined) continue
    if (Number(name) === pid) ticks += times.own + times.endedChildren
    else if (times.parent === pid) ticks += times.own
  }
  return ticks / TICKS_PER_SECOND
}

interface Times {
  readonly parent: number
  readonly own: number
  readonly endedChildren: number
}

function readStat(pid: number): Times | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in parentheses, may hold anything; what follows is counted from the field `state`.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return { parent: fields[1]!, own: fields[11]! + fields[12]!, endedChildren: fields[13]! + fields[14]! }
  } catch {
    return undefined
  }
}
