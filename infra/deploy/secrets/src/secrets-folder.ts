import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SecretFiles } from './secret-files.ts'

/**
 * The folder keeps everybody out; the files in it can be read by all, because a container's user, who is another one
 * than this machine's, reads a file that was mounted into it by its own rights.
 */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o644

/** Where docker compose looks for them. */
export const DEFAULT_SECRETS_FOLDER = fileURLToPath(new URL('../../compose/secrets', import.meta.url))

export function readSecrets(folder: string): SecretFiles {
  if (!existsSync(folder)) return {}
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    entries.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      const relative = path.slice(folder.length).replaceAll('\\', '/').replace(/^\/+/, '')
      return [relative, readFileSync(path, 'utf8').trimEnd() + (isPem(relative) ? '\n' : '')]
    }),
  )
}

/** Writes what has changed, into the same files: a container would go on seeing one that was replaced. */
export function writeSecrets(folder: string, before: SecretFiles, after: SecretFiles): string[] {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE })
  const changed = Object.keys(after).filter((name) => after[name] !== before[name])
  for (const name of changed) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, after[name]!, { mode: FILE_MODE })
  }
  return changed
}

const isPem = (name: string): boolean => /\.(?:crt|key|pem|acl)$/.test(name)
