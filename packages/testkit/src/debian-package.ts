import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'

const APT_LOCK = join(tmpdir(), 'paxyo-apt.lock')

/** The path of a program, given by its name on the PATH or by its path. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  for (const name of names) {
    for (const path of isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name))) {
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // not here
      }
    }
  }
  return undefined
}

/** Whether this process may install Debian's packages. */
const canInstall = (): boolean => process.getuid?.() === 0 && findProgram('apt-get') !== undefined

/** Installs Debian's packages, one process at a time. Does nothing where that is not possible. */
export function installDebianPackages(...packages: readonly string[]): void {
  if (!canInstall()) return
  process.stderr.write(`Installing ${packages.join(' ')} from Debian for the tests …\n`)
  // Run level 1 keeps a package from starting its server.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages]
  for (const args of [['update', '-qq'], install]) {
    // One at a time: concurrent test runs may be installing, too.
    const { status, stderr } = spawnSync('flock', [APT_LOCK, 'apt-get', ...args], { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed:\n${stderr}`)
  }
}

/**
 * Finds a program, installing Debian's packages of it where that is possible.
 *
 * @throws Error that says what to install when it is missing and may not be installed.
 */
export function provideProgram(names: readonly string[], ...debianPackages: readonly string[]): string {
  const found = findProgram(...names)
  if (found !== undefined) return found
  installDebianPackages(...debianPackages)
  const installed = findProgram(...names)
  if (installed !== undefined) return installed
  throw new Error(
    `The tests need ${names[0]}. Install it (on Debian: apt-get install ${debianPackages.join(' ')}), then run them again.`,
  )
}

/**
 * Installs the packages of all programs that are missing, in one run of apt-get: each run takes seconds.
 *
 * @param packagesByProgram Debian's packages by the name of the program that they have.
 */
export function installMissing(packagesByProgram: Readonly<Record<string, readonly string[]>>): void {
  const missing = Object.entries(packagesByProgram).filter(([program]) => findProgram(program) === undefined)
  if (missing.length === 0) return
  try {
    installDebianPackages(...missing.flatMap(([, packages]) => packages))
  } catch {
    // Each test installs what it needs, and fails with a message that names the package.
  }
}
