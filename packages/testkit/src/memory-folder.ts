import { accessSync, chmodSync, constants, existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Linux's file system in memory. */
const MEMORY = '/dev/shm'
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
  const { bavail, bsize } = statfsSync(MEMORY)
  if (bavail * bsize < FREE_BYTES_MIN) return () => undefined
  const folder = mkdtempSync(join(MEMORY, 'paxyo-test-'))
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
