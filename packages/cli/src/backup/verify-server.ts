import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseSession } from '../connect-database.ts'
import { Failure } from '../failure.ts'

/**
 * Verifies that the connected server is the one that writes to the folder. Its `postmaster.pid` names the process, the
 * port and the time of the start; the system identifier would be the same for a copy of the folder.
 *
 * @throws Failure for another server: its backup mode does not protect the copy of this folder.
 */
export async function verifyServer(database: DatabaseSession, folder: string): Promise<void> {
  const [server] = await database.query<{ pid: string | null }>(`SELECT pg_read_file('postmaster.pid', true) AS pid`)
  const pid = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT')
      throw new Failure('usage', error.message, 'Run this command as the user of the server.')
    return undefined
  })
  if (pid !== undefined && server!.pid === pid) return
  throw new Failure(
    'usage',
    `DATABASE_URL is not the server of ${folder}`,
    'Unset DATABASE_URL and DATABASE_URL_FILE, and name the folder of a running standalone in DATA_DIR.',
  )
}
