import { createInProcessBus } from '@paxyo/event-bus'
import { createOutbox, newId, type Delivery, type LedgerDeps, type Registration } from '@paxyo/ledger'
import { parseMoney } from '@paxyo/order-core'
import { createLogger } from '@paxyo/service-kit'
import { createTestDatabase, freePort, sharedRedisUrl, startService } from '@paxyo/testkit'
import type { Pool } from 'pg'
import { z } from 'zod'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What examples find without saying where it comes from. */
export interface World {
  /** A migrated database without rows: its owner's URL and pool, and a pool with the role `ingest`. */
  readonly databaseUrl: string
  readonly ownerPool: Pool
  readonly pool: Pool
  /** The ledger on that pool, an order to register, and the delivery that cancels it. */
  readonly ledger: LedgerDeps
  readonly order: Registration
  readonly canceled: Delivery
  readonly redisUrl: string
  /** The schema library. */
  readonly z: typeof z
  /** A silent log. */
  readonly log: ReturnType<typeof createLogger>
  /** A temporary folder, and a free port. */
  readonly folder: string
  readonly port: number
  /** A panel API, and a key for it. */
  readonly panelUrl: string
  readonly panelKey: string
}

export const WORLD_NAMES = [
  'databaseUrl',
  'ownerPool',
  'pool',
  'ledger',
  'order',
  'canceled',
  'redisUrl',
  'z',
  'log',
  'folder',
  'port',
  'panelUrl',
  'panelKey',
] as const satisfies readonly (keyof World)[]

const PANEL_KEY = 'a-panel-api-key'

/** Creates the part of a world that has these names, until the resources are released. */
export async function createWorld(names: ReadonlySet<string>, resources: AsyncDisposableStack): Promise<World> {
  const log = createLogger('example', 'silent')
  const world = { z, log, order: ORDER, canceled: CANCELED, redisUrl: sharedRedisUrl(), port: await freePort() }
  const parts: Partial<World>[] = [world]
  if (['databaseUrl', 'ownerPool', 'pool', 'ledger', 'panelUrl'].some((name) => names.has(name))) {
    const database = resources.use(await createTestDatabase())
    const pool = database.poolAs('ingest')
    const publisher = createInProcessBus().connectPublisher()
    const outbox = createOutbox({ pool, publisher, log })
    resources.defer(() => outbox.close())
    parts.push({ databaseUrl: database.url, ownerPool: database.owner, pool, ledger: { pool, outbox, newId } })
    if (names.has('panelUrl')) {
      const env = { DATABASE_URL: database.url, REDIS_URL: sharedRedisUrl(), PANEL_API_KEYS: PANEL_KEY }
      const ingest = resources.use(await startService('webhook-ingest', { ...env, WEBHOOK_TOKENS: 'a-webhook-token' }))
      parts.push({ panelUrl: ingest.url, panelKey: PANEL_KEY })
    }
  }
  if (names.has('folder')) {
    const folder = mkdtempSync(join(tmpdir(), 'paxyo-example-'))
    resources.defer(() => rmSync(folder, { recursive: true, force: true }))
    parts.push({ folder })
  }
  // An example names what it uses, and only that is there.
  return Object.assign({}, ...parts) as World
}

const ORDER: Registration = {
  orderId: 'A-1',
  provider: 'godofpanel',
  providerOrderId: '12345',
  userId: 'ann',
  service: 'Followers',
  link: 'https://example.com/ann',
  quantity: 1_000,
  charge: parseMoney('2.5'),
  currency: 'USD',
  payment: 'external',
}

const CANCELED: Delivery = {
  deliveryId: newId(),
  provider: 'godofpanel',
  update: { providerOrderId: '12345', status: 'canceled', remains: null, startCount: null },
  body: '{"order_id":"12345","status":"canceled"}',
  receivedAt: new Date(),
}
