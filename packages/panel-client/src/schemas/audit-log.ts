import { identifierSchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { pageQuery, type PageQuery } from './page.ts'

const filter = identifierSchema.optional()

/** The query of `GET /v1/audit-log`. */
export const listAuditLogQuery = z.strictObject({
  ...pageQuery,
  actor: filter.describe('The id of an operator or an API key.'),
  action: filter.describe('An operation, such as `actOnOrder`, or `signIn`.'),
  subject: filter.describe('The id of what was changed, such as that of an order.'),
})

const details = z.record(z.string(), z.unknown()).nullable()

/** What an API key or an operator changed. */
export const auditEntrySchema = z.object({
  position: z.int().positive().describe('1, 2, 3 … in the export without gaps.'),
  at: timestampSchema,
  actor: z.string().describe('The id of an operator or an API key, `environment`, `command line`, or `database`.'),
  actorName: z.string(),
  action: z.string(),
  subject: z.string().nullable().describe('The id of what was changed.'),
  note: z.string().nullable(),
  before: details,
  after: details,
  result: z.string().describe('`ok`, or the code of the error.'),
  address: z.string().nullable(),
  previousHash: z.string().describe('SHA-256 of the entry before, in hexadecimal.'),
  hash: z.string(),
})
z.globalRegistry.add(auditEntrySchema, { id: 'AuditEntry' })

export type AuditEntryView = z.infer<typeof auditEntrySchema>

export interface ListAuditLogQuery extends PageQuery {
  readonly actor?: string
  readonly action?: string
  readonly subject?: string
}
