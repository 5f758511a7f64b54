import {
  completeSecrets,
  DEFAULT_SECRETS_FOLDER,
  readSecrets,
  retire,
  rotate,
  writeSecrets,
  type SecretFiles,
} from '@paxyo/secrets'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { settings } from '../settings.ts'

export interface SecretsOptions {
  readonly folder?: string
  readonly host?: readonly string[]
  readonly rotate?: string
  readonly retire?: string
}

const HOSTS_DEFAULT = ['localhost', '127.0.0.1']

/** Rotates or retires the secret that the options name, then creates the missing secrets. */
export async function writeMissingSecrets(cli: Cli, options: SecretsOptions): Promise<void> {
  const { SECRETS_DIR } = await settings(cli.env, ['SECRETS_DIR'])
  const folder = options.folder ?? SECRETS_DIR ?? DEFAULT_SECRETS_FOLDER
  const written = await write(folder, options).catch((error: unknown) => {
    throw new Failure('usage', (error as Error).message, undefined, { cause: error })
  })
  cli.print({ folder, written }, () =>
    written.length === 0 ? `${folder}: nothing is missing.` : `${folder}: wrote ${written.join(', ')}`,
  )
}

/** @throws Error when a name cannot be rotated, and the file system's errors. */
async function write(folder: string, { host = HOSTS_DEFAULT, ...options }: SecretsOptions): Promise<string[]> {
  const before = readSecrets(folder)
  const after = await completeSecrets(change(before, options), host as [string, ...string[]], new Date())
  return writeSecrets(folder, before, after).toSorted()
}

function change(before: SecretFiles, options: SecretsOptions): SecretFiles {
  const rotated = options.rotate === undefined ? before : rotate(before, options.rotate)
  return options.retire === undefined ? rotated : retire(rotated, options.retire)
}
