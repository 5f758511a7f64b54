import {
  API_KEYS_MAX,
  appendAuditEntry,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  type ApiKey,
  type Database,
} from '@paxyo/database'
import { ALL_SCOPES } from '@paxyo/panel-client'
import type { Kysely } from 'kysely'
import type { Cli } from '../cli.ts'
import { commandLineEntry } from '../audit-log/command-line-entry.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import { withOwnerDatabase } from '../with-owner-database.ts'

const NAME_LENGTH_MAX = 100
const DAY_MS = 86_400_000

export interface KeyOptions {
  readonly scope?: readonly string[]
  /** Days. */
  readonly expires?: number
  readonly network?: readonly string[]
}

export const createKey = (cli: Cli, name: string, options: KeyOptions): Promise<void> =>
  withOwnerDatabase(cli, (db) => create(cli, db, name, options))
export const listKeys = (cli: Cli): Promise<void> => withOwnerDatabase(cli, (db) => list(cli, db))
export const revokeKey = (cli: Cli, keyId: string): Promise<void> =>
  withOwnerDatabase(cli, (db) => revoke(cli, db, keyId))

async function create(cli: Cli, db: Kysely<Database>, name: string, options: KeyOptions): Promise<void> {
  if (name.trim() === '' || name.length > NAME_LENGTH_MAX || printable(name) !== name) {
    throw new Failure('usage', `a key's name is 1 to ${NAME_LENGTH_MAX} printable characters`)
  }
  const { scope: scopes = ['read'], expires, network: allowedNetworks } = options
  const known: readonly string[] = ALL_SCOPES
  if (!scopes.every((scope) => known.includes(scope))) {
    throw new Failure('usage', 'there is no such scope', `One of ${known.join(', ')}.`)
  }
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires * DAY_MS)
  const created = await createApiKey(db, name, { scopes: [...new Set(scopes)], expiresAt, allowedNetworks })
  if (created === undefined) {
    throw new Failure(
      'rejected',
      `the maximum of ${API_KEYS_MAX} active keys is reached`,
      'Revoke one: paxyo keys list.',
    )
  }
  // Alone on the output, so that KEY=$(paxyo keys create …) works.
  cli.print({ ...created, name, scopes }, () => created.key)
  await appendAuditEntry(db, commandLineEntry('createKey', created.keyId, { name, scopes }))
  if (!cli.asJson) cli.err(`Store it now: it cannot be shown again. It may: ${scopes.join(', ')}.\n`)
}

async function list(cli: Cli, db: Kysely<Database>): Promise<void> {
  const keys = await listApiKeys(db)
  cli.print(keys, () =>
    keys.length === 0
      ? 'No keys.'
      : table([
          ['key', 'name', 'scopes', 'created', 'last used', 'state'].map((heading) => cli.style('bold', heading)),
          ...keys.map(({ keyId, name, scopes, createdAt, lastUsedAt, ...key }) => [
            keyId,
            printable(name),
            scopes?.join(' ') ?? 'all',
            createdAt.toISOString(),
            lastUsedAt?.toISOString() ?? 'never',
            stateOf(cli, key),
          ]),
        ]),
  )
}

function stateOf(
  cli: Cli,
  { revokedAt, expiresAt, allowedNetworks }: Pick<ApiKey, 'revokedAt' | 'expiresAt' | 'allowedNetworks'>,
): string {
  if (revokedAt !== null) return `revoked ${revokedAt.toISOString()}`
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) return `expired ${expiresAt.toISOString()}`
  const until = expiresAt === null ? '' : ` until ${expiresAt.toISOString()}`
  const from = allowedNetworks === null ? '' : ` from ${allowedNetworks.join(', ')}`
  return cli.style('green', `active${until}${from}`)
}

async function revoke(cli: Cli, db: Kysely<Database>, keyId: string): Promise<void> {
  if (!(await revokeApiKey(db, keyId))) throw new Failure('not_found', 'no such active key')
  const shown = keyId.split('_', 2).join('_')
  await appendAuditEntry(db, commandLineEntry('revokeKey', shown, null))
  cli.print({ revoked: shown }, () => `${shown} is revoked.`)
}
