import { migrateToLatest } from '@paxyo/database'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { freePort, startProcess, startRedisServer, startService, type ServiceProcess } from '@paxyo/testkit'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

// Webhooks per second of webhook-ingest, side by side with one transaction per webhook: the two take turns.

const ORDERS = 200_000
const USERS = 20_000
const ROUNDS = 3
const ROUND_MS = 6_000
const CONNECTIONS = (process.env['CONNECTIONS'] ?? '64,256').split(',').map(Number)
const TOKEN = 'a-webhook-token'

const dir = mkdtempSync(join(tmpdir(), 'paxyo-bench-'))
const postgres = await startLocalPostgres({ dataDir: join(dir, 'postgres'), password: 'bench' })
const redis = await startRedisServer()
const cleanups: (() => Promise<unknown>)[] = []
try {
  await migrateToLatest(postgres.url)
  await seed(postgres.url)
  const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, WEBHOOK_TOKENS: TOKEN, LOG_LEVEL: 'warn' }
  const naiveScript = fileURLToPath(new URL('one-transaction-per-webhook.ts', import.meta.url))
  const variants: Record<string, ServiceProcess> = {
    batched: await startService('webhook-ingest', { ...env, PORT: String(await freePort()) }),
    naive: await startProcess(naiveScript, { ...env, PORT: String(await freePort()) }),
  }
  cleanups.push(...Object.values(variants).map((service) => () => service.end('SIGKILL')))

  for (const connections of CONNECTIONS) {
    const rates: Record<string, number[]> = {}
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [name, { url, output }] of Object.entries(variants)) {
        const rate = await measure(url, connections).catch(async (error: unknown) => {
          await new Promise((resolve) => setTimeout(resolve, 500))
          throw new Error(`${name} failed:\n${output().slice(0, 6000)}`, { cause: error })
        })
        ;(rates[name] ??= []).push(rate)
      }
    }
    const [batched, naive] = [median(rates['batched']!), median(rates['naive']!)]
    console.log(
      `${connections} connections: batched ${batched}/s (${rates['batched']!.join(', ')}), ` +
        `one transaction per webhook ${naive}/s (${rates['naive']!.join(', ')}), ratio ${(batched / naive).toFixed(1)}`,
    )
  }
} finally {
  for (const cleanup of cleanups) await cleanup()
  await redis.stop()
  await postgres.stop()
  rmSync(dir, { recursive: true, force: true })
}

async function seed(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    INSERT INTO accounts (user_id, currency) SELECT 'user-' || n, 'USD' FROM generate_series(1, ${USERS}) AS n;
    INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
    SELECT 'order-' || n, 'godofpanel', n::text, 'user-' || (n % ${USERS} + 1), 'Followers', 'https://example.com', 1000,
      2.5 FROM generate_series(1, ${ORDERS}) AS n`)
  await client.query('VACUUM ANALYZE')
  await client.query('CHECKPOINT')
  await client.end()
}

/** Each connection sends one webhook after the other, to orders all over the table: mostly progress, one in four a refund. */
async function measure(url: string, connections: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const { hostname, port } = new URL(url)
  const endAt = performance.now() + ROUND_MS
  let answered = 0
  const send = (body: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent,
          hostname,
          port,
          method: 'POST',
          path: `/webhooks/godofpanel/${TOKEN}`,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          response.resume().once('end', () => {
            answered += 1
            if (response.statusCode === 200) resolve()
            else reject(new Error(`answered ${response.statusCode}`))
          })
        },
      )
      outgoing.once('error', reject)
      outgoing.end(body)
    })
  const connection = async (): Promise<void> => {
    while (performance.now() < endAt) {
      const id = 1 + Math.floor(Math.random() * ORDERS)
      const isCancel = Math.random() < 0.25
      await send(
        isCancel
          ? `{"order_id":"${id}","status":"canceled"}`
          : `{"order_id":"${id}","status":"in_progress","remains":${Math.floor(Math.random() * 1000)}}`,
      )
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: connections }, connection))
  agent.destroy()
  return Math.round((answered / (performance.now() - startedAt)) * 1000)
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!
}
