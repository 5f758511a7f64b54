import { constants, existsSync } from 'node:fs'
import { access, chown, copyFile, lstat, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Cli } from '../cli.ts'
import { connectDatabase, type DatabaseSession } from '../connect-database.ts'
import { Failure } from '../failure.ts'
import { settings } from '../settings.ts'
import { copyDataFolder, copyEntries } from './copy-folder.ts'
import { verifyServer } from './verify-server.ts'

/** The start waits for a checkpoint. */
const STATEMENT_TIMEOUT_MS = 600_000

/**
 * Copies the data of a running standalone: its PostgreSQL as a base backup with the WAL that it needs, and its secrets.
 * The copy is a DATA_DIR: a standalone that starts on it recovers to the moment of the end of the backup.
 */
export async function backUp(cli: Cli, target: string): Promise<void> {
  const dataDir = cli.env['DATA_DIR']
  if (!dataDir) throw new Failure('usage', 'DATA_DIR is not set', 'It names the folder of a running standalone.')
  if (existsSync(target)) throw new Failure('usage', `${target} exists`, 'Name a folder that does not exist.')
  const parent = dirname(resolve(target))
  await access(parent, constants.W_OK).catch((error: Error) => {
    throw new Failure('usage', error.message, `Create ${parent}, and let the user who runs this command write to it.`)
  })
  const { DATABASE_URL: url } = await settings(cli.env, ['DATABASE_URL'])
  await using database = await connectDatabase({
    url,
    as: 'login',
    readOnly: false,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    signal: cli.signal,
  })
  await verifyServer(database, join(dataDir, 'postgres'))
  // Hidden: it is no backup until it is complete.
  const building = await mkdtemp(join(parent, `.${basename(target)}.`))
  try {
    await copyDatabase(database, join(dataDir, 'postgres'), join(building, 'postgres'), cli.signal)
    await copyFile(join(dataDir, 'secrets.json'), join(building, 'secrets.json'))
    if (process.getuid?.() === 0) {
      const { uid, gid } = await lstat(dataDir)
      for (const path of [building, join(building, 'secrets.json')]) await chown(path, uid, gid)
    }
    await rename(building, target)
  } catch (error) {
    await rm(building, { recursive: true, force: true })
    throw error
  }
  cli.print({ folder: resolve(target) }, () => `${target} is a copy of ${dataDir}. It contains secrets.`)
}

async function copyDatabase(database: DatabaseSession, from: string, to: string, signal: AbortSignal): Promise<void> {
  // The slot keeps the WAL from here on until this session ends.
  await database.query(`SELECT pg_create_physical_replication_slot('paxyo_backup', true, true)`)
  await database.query(`SELECT pg_backup_start('paxyo backup', true)`)
  await copyDataFolder(from, to, { signal })
  const [stopped] = await database.query<{ labelfile: string; last: string }>(
    `SELECT labelfile, pg_walfile_name(lsn) AS last FROM pg_backup_stop(false)`,
  )
  // Without the label the copy would start with wrong data.
  const label = join(to, 'backup_label')
  await writeFile(label, stopped!.labelfile, { mode: 0o600 })
  if (process.getuid?.() === 0) {
    const { uid, gid } = await lstat(from)
    await chown(label, uid, gid)
  }
  // The segment of the end is complete on disk: the end of the backup is flushed.
  const isSegment = (name: string): boolean => /^[0-9A-F]{24}$/.test(name) && name <= stopped!.last
  await copyEntries(
    join(from, 'pg_wal'),
    join(to, 'pg_wal'),
    (name) => isSegment(name) || name.endsWith('.history'),
    signal,
  )
}
