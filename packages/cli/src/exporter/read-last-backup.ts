import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface LastBackup {
  readonly completedAtMs: number
  /** Undefined for a folder. */
  readonly bytes: number | undefined
}

/**
 * The newest file or folder of a folder. What ends with `.part`, begins with a dot, or is empty is no complete backup.
 *
 * @throws Error when there is none.
 */
export async function readLastBackup(folder: string): Promise<LastBackup> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.part') && !name.startsWith('.'))
  const found = await Promise.all(
    names.map(async (name) => {
      const stats = await stat(join(folder, name))
      return { completedAtMs: stats.mtimeMs, bytes: stats.isFile() ? stats.size : undefined }
    }),
  )
  const [last] = found
    .filter(({ bytes }) => bytes !== 0)
    .toSorted((left, right) => right.completedAtMs - left.completedAtMs)
  if (last === undefined) throw new Error(`there is no backup in ${folder}`)
  return last
}
