import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SecretFiles } from './secret-files.ts'

/**
 * Only the owner can open the folder. All users can read the files in it, because a container's user is another one than
 * this machine's and reads a mounted file with its own rights.
 */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o644
const OF_OTHERS = 0o077

/** The folder that docker compose uses. */
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

/** Writes changed secrets in place, because a container keeps seeing the old file when it is replaced. */
export function writeSecrets(folder: string, before: SecretFiles, after: SecretFiles): string[] {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE })
  // Docker creates a missing folder that it mounts, and everyone can open it.
  if ((statSync(folder).mode & OF_OTHERS) !== 0) chmodSync(folder, FOLDER_MODE)
  const changed = Object.keys(after).filter((name) => after[name] !== before[name])
  for (const name of changed) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, after[name]!, { mode: FILE_MODE })
  }
  return changed
}

const isPem = (name: string): boolean => /\.(?:crt|key|pem|acl)$/.test(name)
