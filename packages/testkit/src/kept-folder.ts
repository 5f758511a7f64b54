import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The user's, as npm and pip have one. It can be deleted at any time. */
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'paxyo-tests')

/**
 * A folder of packages of fixed versions, which the first run on a machine installs and the next ones find: installing takes
 * longer than most test files do.
 *
 * @param name with the versions.
 * @param install writes them to a folder, which is then moved.
 * @returns its path.
 */
export function keptFolder(name: string, install: (folder: string) => void): string {
  const folder = join(CACHE, name)
  if (existsSync(folder)) return folder
  mkdirSync(CACHE, { recursive: true })
  const unfinished = mkdtempSync(`${folder}-`)
  try {
    install(unfinished)
    // Another run may have been faster.
    if (!existsSync(folder)) renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}
