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

/** Secrets that were made up at the first start, for whatever the environment does not give. */
export type GeneratedSecrets = z.infer<typeof secretsSchema>

/**
 * Reads the secrets of a data folder, or makes them up; only their owner can read the file.
 *
 * @throws when they are there and cannot be read: others in their place would lock the database, and the panel, out.
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
  // Written beside and moved into place, so that a process that is killed here leaves no half of it.
  await writeFile(`${path}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  await rename(`${path}.new`, path)
  return secrets
}

function parseSecrets(text: string, path: string): GeneratedSecrets {
  try {
    return secretsSchema.parse(JSON.parse(text))
  } catch {
    throw new StartError(`${path} is damaged: bring it back from a backup`)
  }
}

const makeSecret = (): string => randomBytes(24).toString('base64url')
