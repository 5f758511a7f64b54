import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ArchiveStore } from './archive-store.ts'

/**
 * An archive in a folder, which is created when it is missing.
 *
 * @example
 * await createFolderStore(folder).list() //=> []
 */
export function createFolderStore(folder: string): ArchiveStore {
  return {
    place: folder,
    list: () => readdir(folder),
    async write(name, bytes) {
      await mkdir(folder, { recursive: true })
      const file = join(folder, name)
      const unfinished = `${file}.unfinished`
      await pipeline(bytes, createWriteStream(unfinished, { flush: true }))
      await rename(unfinished, file)
      await syncFolder(folder)
    },
    read: (name) => createReadStream(join(folder, name)),
    [Symbol.dispose]: () => undefined,
  }
}

/** A rename is durable once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
