import { readAll } from './archive-file.ts'
import { ArchiveDamagedError, type ArchiveStore, ArchiveStoreError } from './archive-store.ts'

const FILE = 'last-check.txt'

/**
 * Writes a small file and reads it back, so that the first run of maintenance reports a wrong key or a full disk, and not the one, weeks
 * later, that deletes the first deliveries.
 *
 * @throws ArchiveStoreError, ArchiveDamagedError
 */
export async function checkArchive(store: ArchiveStore, now: Date): Promise<void> {
  const text = `${now.toISOString()}\n`
  let stored: string
  try {
    await store.write(FILE, [Buffer.from(text)])
    stored = (await readAll(store.read(FILE))).toString('utf8')
  } catch (error) {
    throw new ArchiveStoreError(store.place, error)
  }
  if (stored !== text) throw new ArchiveDamagedError(`${store.place}/${FILE}, read back, is not what was written`)
}
