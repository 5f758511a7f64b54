import { readAuditLog, type Database, type LoggedEntry } from '@paxyo/database'
import { decodeCursor, operation, reject, toPage, type PanelApi } from '@paxyo/panel-api-kit'
import { auditEntrySchema, listAuditLogQuery, pageSchema, type AuditEntryView } from '@paxyo/panel-client'
import type { Kysely } from 'kysely'
import { Readable } from 'node:stream'
import { z } from 'zod'

const cursorSchema = z.tuple([z.int().positive()])
const exportQuery = z.strictObject({ format: z.enum(['ndjson', 'csv']).default('ndjson') })
const EXPORT_PAGE = 1_000

const CONTENT_TYPES = { ndjson: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' } as const

/** `/v1/audit-log`: what API keys and operators changed. */
export function registerAuditLogRoutes(api: PanelApi, { db }: { readonly db: Kysely<Database> }): void {
  const schema = {
    querystring: listAuditLogQuery,
    ...operation({
      operationId: 'listAuditLog',
      scope: 'operators',
      tag: 'Operators',
      summary: 'List what API keys and operators changed, the newest first',
      description:
        'Append-only: each entry has the hash of the entry before it, and `paxyo audit` verifies the chain. ' +
        '`GET /v1/audit-log/export` returns the whole log, as NDJSON or with `format=csv`. Orders that API keys register and ' +
        'tokens that they mint are in groups, each with an entry `chainCalls` that has the digest of the calls: these entries ' +
        'are in the export and with `action`, and `paxyo audit-log calls` lists the calls.',
      responses: { 200: { description: 'A page of entries.', schema: pageSchema(auditEntrySchema) } },
      errors: ['invalid_cursor'],
    }),
  }
  api.get('/v1/audit-log', { schema }, async (request, reply) => {
    const { limit, cursor, ...filter } = request.query
    const position = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return reject(reply, 'invalid_cursor')
    const rows = await readAuditLog(db, { ...filter, before: position?.[0], limit: limit + 1 })
    return reply.send(toPage(rows, limit, (row) => [row.position], toView))
  })

  const exportSchema = {
    querystring: exportQuery,
    operationId: 'exportAuditLog',
    scope: 'operators' as const,
    hide: true,
  }
  api.get('/v1/audit-log/export', { schema: exportSchema }, (request, reply) => {
    const { format } = request.query
    void reply.header('content-disposition', `attachment; filename="audit-log.${format}"`)
    return reply.type(CONTENT_TYPES[format]).send(Readable.from(exportLog(db, format)))
  })
}

/** The log from its end to its beginning, page by page. */
async function* exportLog(db: Kysely<Database>, format: 'ndjson' | 'csv'): AsyncGenerator<string> {
  if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`
  let before: number | undefined
  for (;;) {
    const rows = await readAuditLog(db, { before, isComplete: true, limit: EXPORT_PAGE })
    yield rows.map((row) => (format === 'csv' ? toCsv(toView(row)) : `${JSON.stringify(toView(row))}\n`)).join('')
    before = rows.at(-1)?.position
    if (before === undefined || rows.length < EXPORT_PAGE) return
  }
}

const COLUMNS = Object.keys(auditEntrySchema.shape) as (keyof AuditEntryView)[]

const toCsv = (entry: AuditEntryView): string => `${COLUMNS.map((column) => csvField(entry[column])).join(',')}\r\n`

/** A spreadsheet would run a text that begins like a formula. */
function csvField(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const toView = ({ at, previousHash, hash, before, after, ...entry }: LoggedEntry): AuditEntryView => ({
  position: entry.position,
  at: at.toISOString(),
  actor: entry.actor,
  actorName: entry.actorName,
  action: entry.action,
  subject: entry.subject,
  note: entry.note,
  before: before as AuditEntryView['before'],
  after: after as AuditEntryView['after'],
  result: entry.result,
  address: entry.address,
  previousHash: previousHash.toString('hex'),
  hash: hash.toString('hex'),
})
