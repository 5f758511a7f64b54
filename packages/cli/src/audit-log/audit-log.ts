import { readAuditHead, readAuditLog, type LoggedEntry } from '@paxyo/database'
import type { Cli } from '../cli.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import { withOwnerDatabase } from '../with-owner-database.ts'

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

/** Prints the end of the log, to be kept outside of the database. */
export async function printHead(cli: Cli): Promise<void> {
  const head = await withOwnerDatabase(cli, readAuditHead)
  cli.print(head ?? null, () => (head === undefined ? 'The log is empty.' : `${head.position}:${head.hash}`))
}
