import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBannedWords, isExcluded, type Violation } from './find-banned-words.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Banned words in the files that git tracks, below any of `prefixes`. */
export function findInRepository(prefixes: readonly string[]): Violation[] {
  // In a CI container the files belong to another user than the process.
  const files = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
  }).split('\0')
  return files
    .filter((path) => path !== '' && prefixes.some((prefix) => path.startsWith(prefix)) && !isExcluded(path))
    .flatMap((path) => findBannedWords(path, readFileSync(join(ROOT, path), 'utf8')))
}
