import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** Linux's file system in memory. */
const MEMORY = '/dev/shm'
/** A run's folder, with the process id of the run. */
const FOLDER = /^paxyo-test-(\d+)-/
/** The databases and browser profiles of the files that run at a time, and the logs of PostgreSQL, each at most 1 GB. */
const FREE_BYTES_MIN = 6 * 1024 ** 3

/**
 * Puts a run's temporary files into memory: on a disk, copying a database's 1,200 files takes up to eight times the CPU time.
 * They stay on the disk where there is too little memory, where programs in it cannot run, as in Docker's default, and where
 * `TMPDIR` names another folder.
 *
 * @returns removes them.
 */
export function useMemoryFolder(): () => void {
  if (process.env['TMPDIR'] || !existsSync(MEMORY)) return () => undefined
  removeLeftFolders(MEMORY)
  const { bavail, bsize } = statfsSync(MEMORY)
  if (bavail * bsize < FREE_BYTES_MIN) return () => undefined
  const folder = mkdtempSync(join(MEMORY, `paxyo-test-${process.pid}-`))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  if (!canRunPrograms(folder)) {
    remove()
    return () => undefined
  }
  // Servers run as other users.
  chmodSync(folder, 0o1777)
  // Workers, and the processes that tests start, have it, too.
  process.env['TMPDIR'] = folder
  return remove
}

/** Ends the servers of runs that were killed, and removes their folders. */
export function removeLeftFolders(memory: string): void {
  for (const name of readdirSync(memory)) {
    const pid = FOLDER.exec(name)?.[1]
    if (pid === undefined || isAlive(Number(pid))) continue
    const folder = join(memory, name)
    for (const server of processesIn(folder)) process.kill(server, 'SIGINT')
    rmSync(folder, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Another user's process.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** PostgreSQL and Redis work in the folders of their data. */
function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`)
      } catch {
        // It has ended, or is another user's.
        return false
      }
    })
}

function canRunPrograms(folder: string): boolean {
  const program = join(folder, 'program')
  writeFileSync(program, '', { mode: 0o700 })
  try {
    accessSync(program, constants.X_OK)
    return true
  } catch {
    return false
  } finally {
    rmSync(program)
  }
}
