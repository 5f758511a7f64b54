import type { Database } from '@paxyo/database'
import type { LedgerDeps } from '@paxyo/ledger'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Kysely } from 'kysely'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'

/** Dependencies of the API's routes. */
export interface ApiDeps extends LedgerDeps {
  /** For reads; writes go through `commitOnce` or `AccountWrites`. */
  readonly db: Kysely<Database>
  readonly log: Logger
}

/**
 * The Fastify instance to which routes are added. Their schemas are Zod schemas, and their requests are authenticated.
 */
export type PanelApi = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>
