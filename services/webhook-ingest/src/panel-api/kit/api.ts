import type { Database } from '@paxyo/database'
import type { LedgerDeps } from '@paxyo/ledger'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Kysely } from 'kysely'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'

/** What every route of the API may need. */
export interface ApiDeps extends LedgerDeps {
  /** For reading; what changes something goes through `commitOnce`. */
  readonly db: Kysely<Database>
  readonly log: Logger
}

/** Where routes of the API are added: their schemas are Zod's, and their requests have shown a key. */
export type PanelApi = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>
