import {
  readAuditCalls,
  readAuditHead,
  readAuditLog,
  readAuditSignatures,
  readCallsDeletedUntil,
  type LoggedCall,
  type LoggedEntry,
} from '@paxyo/database'
import type { Cli } from '../cli.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import { withOwnerDatabase } from '../with-owner-database.ts'
import { knownPublicKeys } from './public-keys.ts'

export interface ListOptions {
  readonly actor?: string
  readonly action?: string
  readonly subject?: string
  readonly limit: number
}

/** Prints the newest entries; as JSON, one on each line. */
export async function listEntries(cli: Cli, options: ListOptions): Promise<void> {
  const entries = await withOwnerDatabase(cli, (db) => readAuditLog(db, options))
  if (cli.asJson) return entries.forEach((entry) => cli.out(`${JSON.stringify(toJson(entry))}\n`))
  if (entries.length === 0) return cli.out('No entries.\n')
  const headings = ['entry', 'at', 'who', 'action', 'subject', 'result', 'from', 'note', 'after']
  cli.out(`${table([headings.map((heading) => cli.style('bold', heading)), ...entries.map(toRow)])}\n`)
}

const toRow = ({ position, at, actorName, action, subject, result, address, note, after }: LoggedEntry): string[] => [
  String(position),
  at.toISOString(),
  printable(actorName),
  action,
  printable(subject ?? ''),
  result,
  address ?? '',
  printable(note ?? ''),
  after === null ? '' : printable(JSON.stringify(after)),
]

const toJson = ({ previousHash, hash, ...entry }: LoggedEntry): object => ({
  ...entry,
  previousHash: previousHash.toString('hex'),
  hash: hash.toString('hex'),
})

export interface CallOptions {
  readonly key?: string
  readonly subject?: string
  readonly user?: string
  readonly limit: number
}

/** Prints the newest routine calls of API keys; as JSON, one on each line. At the end of the list, up to when calls were deleted. */
export async function listCalls(cli: Cli, { key, subject, user, limit }: CallOptions): Promise<void> {
  const { calls, deletedUntil } = await withOwnerDatabase(cli, async (db) => {
    const read: LoggedCall[] = []
    for await (const call of readAuditCalls(db, { actor: key, subject, userId: user })) {
      if (read.push(call) === limit) return { calls: read, deletedUntil: undefined }
    }
    return { calls: read, deletedUntil: await readCallsDeletedUntil(db) }
  })
  if (deletedUntil !== undefined) {
    cli.err(`Calls until ${deletedUntil} were deleted: their retention has ended (AUDIT_CALL_RETENTION_DAYS).\n`)
  }
  if (cli.asJson) return calls.forEach((call) => cli.out(`${JSON.stringify(call)}\n`))
  if (calls.length === 0) return cli.out('No calls.\n')
  const headings = ['at', 'key', 'action', 'subject', 'user', 'result', 'from', 'after', 'entry']
  cli.out(`${table([headings.map((heading) => cli.style('bold', heading)), ...calls.map(toCallRow)])}\n`)
}

const toCallRow = ({ at, actor, action, subject, userId, result, address, after, position }: LoggedCall): string[] => [
  at,
  actor,
  action,
  printable(subject ?? ''),
  printable(userId ?? ''),
  result,
  address ?? '',
  after === null ? '' : printable(JSON.stringify(after)),
  position === null ? 'not chained yet' : String(position),
]

/** Prints the end of the log, to be kept outside of the database. */
export async function printHead(cli: Cli): Promise<void> {
  const head = await withOwnerDatabase(cli, readAuditHead)
  cli.print(head ?? null, () => (head === undefined ? 'The log is empty.' : `${head.position}:${head.hash}`))
}

/** Prints all signatures of the log, one on each line, to be kept outside of the database; as JSON with everything to verify them. */
export async function printSignatures(cli: Cli): Promise<void> {
  const signatures = await withOwnerDatabase(cli, readAuditSignatures)
  for (const { signature, ...signed } of signatures) {
    const { signedAt, position, hash, publicKey } = signed
    const line = cli.asJson
      ? JSON.stringify({ ...signed, signature: signature.toString('base64url') })
      : `${signedAt.toISOString()} ${position}:${hash} ${publicKey}`
    cli.out(`${line}\n`)
  }
}

/** Prints what others verify the signatures with: `AUDIT_PUBLIC_KEYS` of `paxyo audit`. */
export async function printPublicKeys(cli: Cli): Promise<void> {
  const keys = await knownPublicKeys(cli.env)
  cli.print(keys, () => (keys.length === 0 ? 'AUDIT_SIGNING_KEYS is not set.' : keys.join('\n')))
}
