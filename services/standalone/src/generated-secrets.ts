import { StartError } from '@paxyo/service-kit'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const secretsSchema = z.object({
  databasePassword: z.string(),
  webhookToken: z.string(),
  panelKey: z.string(),
  jwtSecret: z.string(),
})

/** Secrets that were generated at the first start, for those that the environment does not set. */
export type GeneratedSecrets = z.infer<typeof secretsSchema>

/**
 * Reads the secrets of a data folder, or generates them; only the file's owner can read it.
 *
 * @throws when the file exists and cannot be read: with new secrets the database and the panel could not log in.
 */
export async function loadOrGenerateSecrets(dataDir: string): Promise<GeneratedSecrets> {
  const path = join(dataDir, 'secrets.json')
  await mkdir(dataDir, { recursive: true })
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
  if (kept !== undefined) return parseSecrets(kept, path)

  const secrets: GeneratedSecrets = {
    databasePassword: makeSecret(),
    webhookToken: makeSecret(),
    panelKey: makeSecret(),
    jwtSecret: makeSecret(),
  }
  await keep(path, secrets)
  return secrets
}

/** Generates a new panel key: the one before was revoked, and the demo and a newcomer need one that works. */
export async function renewPanelKey(dataDir: string, secrets: GeneratedSecrets): Promise<GeneratedSecrets> {
  const renewed = { ...secrets, panelKey: makeSecret() }
  await keep(join(dataDir, 'secrets.json'), renewed)
  return renewed
}

async function keep(path: string, secrets: GeneratedSecrets): Promise<void> {
  // Written to another file and renamed, so that a process that is killed here leaves no partial file.
  await writeFile(`${path}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

function parseSecrets(text: string, path: string): GeneratedSecrets {
  try {
    return secretsSchema.parse(JSON.parse(text))
  } catch {
    throw new StartError(`${path} is damaged: restore it from a backup`)
  }
}

const makeSecret = (): string => randomBytes(24).toString('base64url')
