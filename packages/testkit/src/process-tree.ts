import { readFileSync } from 'node:fs'

/** Sends a signal to a process and its children; does nothing when it has ended. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const id of [pid, ...childrenOf(pid)]) {
    try {
      process.kill(id, signal)
    } catch {
      // It has ended.
    }
  }
}

/** Stopped first, so that it starts no other processes meanwhile. */
export function killTree(pid: number): void {
  signalTree(pid, 'SIGSTOP')
  signalTree(pid, 'SIGKILL')
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
