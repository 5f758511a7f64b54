import { chown, copyFile, lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What a copy of a running PostgreSQL leaves out; folders stay, empty. From PostgreSQL's chapter on base backups. */
const EMPTIED = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
])
const LEFT_OUT = /^(postmaster\.(pid|opts)|pgsql_tmp.*|pg_internal\.init.*)$/

export interface CopyOptions {
  /** Throws to end the copy. */
  readonly signal: AbortSignal
}

/** Copies a data folder while the server writes to it. Files that disappear meanwhile are left out. */
export async function copyDataFolder(from: string, to: string, { signal }: CopyOptions): Promise<void> {
  await copyEntries(from, to, (name) => !LEFT_OUT.test(name), signal)
}

/** @param isWanted decides by the name. */
export async function copyEntries(
  from: string,
  to: string,
  isWanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  await keepOwner(from, to)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    signal.throwIfAborted()
    if (!isWanted(entry.name)) continue
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (!entry.isDirectory()) await copyIfPresent(source, target)
    else await copyEntries(source, target, EMPTIED.has(entry.name) ? () => false : isWanted, signal)
  }
}

async function copyIfPresent(source: string, target: string): Promise<void> {
  try {
    await copyFile(source, target)
    await keepOwner(source, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** For root, which runs the server as another user. */
async function keepOwner(source: string, target: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await lstat(source)
  await chown(target, uid, gid)
}
