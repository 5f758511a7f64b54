import { SECRET_KINDS, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'

const processesSchema = z.array(
  z.object({ service: z.enum(['webhook-ingest', 'ws-gateway']), processes: z.int().positive() }),
)

/** The response of `GET /v1/secrets`. */
export const secretsInUseSchema = z.object({
  data: z.array(
    z.object({
      kind: z.enum(SECRET_KINDS),
      provider: z.string().nullable().describe('Of webhook tokens; null for other kinds.'),
      services: processesSchema.describe('The running services that have secrets of this kind.'),
      secrets: z.array(
        z.object({
          fingerprint: z.string(),
          place: z.int().positive().describe('In the list: the first one signs.'),
          knownSince: timestampSchema,
          lastUsedAt: timestampSchema
            .nullable()
            .describe('Accurate to ten seconds; kept for 30 days. Null: not since then.'),
          knownBy: processesSchema.describe('Those that know this one.'),
        }),
      ),
    }),
  ),
})
z.globalRegistry.add(secretsInUseSchema, { id: 'SecretsInUse' })

export type SecretsInUse = z.infer<typeof secretsInUseSchema>
