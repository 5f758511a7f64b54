import { timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'

const count = z.int().nonnegative()

/** The response of `GET /v1/diagnostics`. */
export const diagnosisSchema = z.object({
  at: timestampSchema,
  isHealthy: z.boolean().describe('Whether no check failed.'),
  diagnostics: z.array(
    z.object({
      check: z.string(),
      status: z.enum(['ok', 'warning', 'failed', 'skipped']),
      message: z.string(),
      hint: z.string().nullable().describe('How to fix it.'),
      code: z.string().nullable().describe('What was found; null when it has only its message.'),
      values: z.record(z.string(), z.union([z.string(), z.number()])).describe('What the message contains, by name.'),
    }),
  ),
})
z.globalRegistry.add(diagnosisSchema, { id: 'Diagnosis' })

/** The response of `GET /v1/ledger-audit`. */
export const ledgerAuditSchema = z.object({
  isClean: z.boolean(),
  at: timestampSchema.describe('The moment of the snapshot.'),
  durationMs: z.number().nonnegative(),
  size: z.object({
    orders: count,
    accounts: count,
    ledgerEntries: count,
    events: count,
    supersededDeliveries: count,
    rejectedRequests: count,
  }),
  checks: z.array(
    z.object({
      check: z.string(),
      title: z.string().describe('What holds when there is no violation.'),
      count: count.describe('The number of violations.'),
      rows: z
        .array(
          z.object({
            subject: z.string(),
            detail: z.string(),
            code: z.string().describe('The kind of violation.'),
            values: z
              .record(z.string(), z.union([z.string(), z.number()]))
              .describe('What the detail contains, by name.'),
          }),
        )
        .describe('The first violations.'),
      durationMs: z.number().nonnegative(),
    }),
  ),
})
z.globalRegistry.add(ledgerAuditSchema, { id: 'LedgerAudit' })

export type Diagnosis = z.infer<typeof diagnosisSchema>
export type LedgerAudit = z.infer<typeof ledgerAuditSchema>
