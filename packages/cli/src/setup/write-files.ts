import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlannedFile } from './plan-files.ts'

/** What happened to a file; `kept`: it differs from the new one, which is beside it as `NAME.new`. */
export type WriteOutcome = 'written' | 'unchanged' | 'kept' | 'replaced'

export interface WrittenFile {
  readonly name: string
  readonly outcome: WriteOutcome
}

/** Writes the files. One that exists and differs is left alone, unless `overwrites`: then it is kept as `NAME.old`. */
export async function writeFiles(
  folder: string,
  files: readonly PlannedFile[],
  overwrites: boolean,
): Promise<WrittenFile[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const written: WrittenFile[] = []
  for (const file of files) written.push({ name: file.name, outcome: await writeOne(folder, file, overwrites) })
  return written
}

async function writeOne(folder: string, file: PlannedFile, overwrites: boolean): Promise<WriteOutcome> {
  const path = join(folder, file.name)
  const before = await readIfPresent(path)
  if (before === file.content) {
    if (file.isSecret) await chmod(path, 0o600)
    return 'unchanged'
  }
  if (before !== undefined && !overwrites) {
    await write(`${path}.new`, file)
    return 'kept'
  }
  if (before !== undefined) await write(`${path}.old`, { ...file, content: before })
  await write(path, file)
  return before === undefined ? 'written' : 'replaced'
}

/** Through another file, so that none is ever half there or readable by others. */
async function write(path: string, { content, isSecret }: PlannedFile): Promise<void> {
  const mode = isSecret ? 0o600 : 0o644
  await writeFile(`${path}.tmp`, content, { mode })
  await chmod(`${path}.tmp`, mode)
  await rename(`${path}.tmp`, path)
}

/** @returns undefined when there is no such file. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
}
