import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createGodOfPanel } from '@paxyo/godofpanel'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { startIngest, TOKEN, type IngestFixture } from '../ingest-fixture.ts'

// Mutations of everything that providers were seen to send and to respond, through the real route and the real database:
// no money without an unambiguous status, nothing authenticated without a trace, no 5xx.

const RUNS = 400
const QUANTITY = 1000
const CHARGE = 2.5

const read = (path: string): { body?: string; sequence?: string[]; asked?: string[] }[] =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as never
const WEBHOOKS = read('../data/real-world-webhooks.json')
const RESPONSES = read('../../../../packages/godofpanel/test/data/provider-responses.json')
/** Bodies with `ID` in place of the order's id. */
const BODIES = [
  ...WEBHOOKS.map(({ body = '' }) => body),
  ...WEBHOOKS.flatMap(({ sequence = [] }) => sequence),
  ...RESPONSES.map(({ body = '', asked = [] }) => asked.reduce((text, id) => text.replaceAll(`"${id}"`, '"ID"'), body)),
].filter((body) => body !== '')

let ingest: IngestFixture
let count = 0
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => ingest[Symbol.asyncDispose]())

type Fields = Record<string, unknown>
type Mutation = (value: unknown) => unknown

/** Changes all members of all objects. */
function mapMembers(value: unknown, change: (name: string, member: unknown) => [string, unknown]): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => mapMembers(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => change(name, mapMembers(member, change))))
}

const wrap = fc.constantFrom<Mutation>(
  (value) => [value],
  (value) => ({ orders: value }),
  (value) => ({ id: 'evt_7', event: 'order.canceled', data: value }),
  (value) => ({ status: 'success', data: value }),
  (value) => ({ status: true, payload: { data: value } }),
  (value) => ({ status: 'Canceled', result: value }),
  (value) => ({ payload: JSON.stringify(value) }),
  (value) => JSON.stringify(value),
  (value) => ({ ID: value }),
  (value) => ({ 0: value }),
  (value) => ({ order: 'ID', status: 'Completed', data: value }),
)
const rename = fc
  .record({
    from: fc.constantFrom('order', 'order_id', 'status', 'remains', 'id', 'data', 'error'),
    to: fc.constantFrom('Order_ID', 'orderId', 'order_status', 'STATUS', 'state', 'remain', 'remaining', 'result', 'x'),
  })
  .map(
    ({ from, to }): Mutation =>
      (value) =>
        mapMembers(value, (name, member) => [name === from ? to : name, member]),
  )
const revalue = fc
  .record({
    name: fc.constantFrom('status', 'order_status', 'remains', 'order', 'order_id'),
    value: fc.constantFrom<unknown>(
      'Canceled',
      ' cancelled ',
      'Partial',
      'Partially completed',
      'success',
      'error',
      'In progress',
      'Fail',
      '5',
      '',
      true,
      false,
      null,
      0,
      300,
      300.5,
      '300',
      '1,000',
      '+5',
      -5,
      1e21,
      ['Canceled'],
      { status: 'Canceled' },
      'ID',
    ),
  })
  .map(
    ({ name: changed, value: other }): Mutation =>
      (value) =>
        mapMembers(value, (name, member) => [name, name === changed ? other : member]),
  )
const add = fc
  .record({
    name: fc.constantFrom(
      'status',
      'order_status',
      'Status',
      'error',
      'remains',
      'Remains',
      'id',
      'order_id',
      'message',
    ),
    value: fc.constantFrom<unknown>('Canceled', 'Completed', 'success', 'error', 'evt_1', '300', '301', 1, null, true),
  })
  .map(
    ({ name, value: other }): Mutation =>
      (value) =>
        typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, [name]: other } : value,
  )

interface Sent {
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  /** The text before its encoding, with `ID` in place of the order's id. */
  readonly text: string
  readonly encode: (text: string) => Buffer
}

const labels = fc.constantFrom(
  'application/json',
  'text/plain; charset=utf-8',
  'application/x-www-form-urlencoded',
  'APPLICATION/JSON',
  'text/html',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'application/octet-stream',
  'nonsense',
  undefined,
)
const plainBytes = (text: string): Buffer => Buffer.from(text)
const encodings = fc.constantFrom<readonly [label: string | undefined, encode: (text: string) => Buffer]>(
  [undefined, plainBytes],
  [undefined, plainBytes],
  ['identity', plainBytes],
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['gzip', plainBytes],
  ['zstd', plainBytes],
  [undefined, gzipSync],
  [undefined, (text) => Buffer.from(text, 'utf16le')],
  ['gzip', (text) => gzipSync(text).subarray(0, -4)],
)
const damage = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text,
  (text) => text,
  (text) => `\uFEFF${text}`,
  (text) => `\n ${text}\r\n`,
  (text) => text.slice(0, -3),
  (text) => `${text}${text}`,
  (text) => text.replaceAll('"', "'"),
  (text) => `data=${encodeURIComponent(text)}`,
  (text) => `${'['.repeat(100)}${text}`,
)

const webhook = fc
  .record({
    body: fc.constantFrom(...BODIES),
    mutations: fc.array(fc.oneof(wrap, rename, revalue, add), { maxLength: 3 }),
    damage,
    contentType: labels,
    encoding: encodings,
  })
  .map(({ body, mutations, damage: change, contentType, encoding: [contentEncoding, encode] }): Sent => {
    return { contentType, contentEncoding, text: change(mutate(body, mutations)), encode }
  })

/** A body that is not JSON is sent as it is. */
function mutate(body: string, mutations: readonly Mutation[]): string {
  try {
    const value = JSON.parse(body.replace(/^\uFEFF/, '')) as unknown
    return JSON.stringify(mutations.reduce((mutated, mutation) => mutation(mutated), value))
  } catch {
    return body
  }
}

async function send({ contentType, contentEncoding }: Sent, bytes: Buffer) {
  const response = await ingest.app.inject({
    method: 'POST',
    url: `/webhooks/godofpanel/${TOKEN}`,
    headers: {
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      ...(contentEncoding === undefined ? {} : { 'content-encoding': contentEncoding }),
    },
    payload: bytes,
  })
  return { status: response.statusCode, results: response.json<{ results?: unknown[] }>().results ?? [] }
}

const query = async (sql: string, values: unknown[] = []): Promise<Fields[]> =>
  (await ingest.database.owner.query<Fields>(sql, values)).rows

const provider = createGodOfPanel()
/** Values that are no status. A field that is null counts as missing. */
const FLAGS = new Set(['success', 'true', 'ok', '1', '200', '', 'null'])

/** A text without the encodings that senders put around JSON: a form's, and that of JSON in a text. */
const plainOf = (text: string): string =>
  text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) => decodeURIComponent(encoded)).replaceAll('\\', '')

/** Every value in a plain text that follows a name like a status's: what a person would take for the order's status. */
function statusesIn(plain: string): string[] {
  const pattern = /status["']?\]?(?:"\r\n\r\n| *[:=]) *["']?([^"',}&\r\n]*)/gi
  return [...plain.matchAll(pattern)]
    .map(([, value]) => value!.trim())
    .filter((value) => !FLAGS.has(value.toLowerCase()))
}

/** The refunds that a text justifies. */
function justifiedRefunds(text: string): number[] {
  const plain = plainOf(text)
  const meanings = new Set(statusesIn(plain).map((word) => provider.readStatus(word)))
  const [meaning] = meanings
  if (meanings.size !== 1) return []
  if (meaning === 'canceled') return [CHARGE]
  const numbers = [...plain.matchAll(/\d+/g)].map(([digits]) => Number(digits))
  return meaning === 'partial' ? numbers.map((remains) => (CHARGE * remains) / QUANTITY) : []
}

test('no money without an unambiguous status, nothing without a trace, no 5xx', async () => {
  let paid = 0
  await fc.assert(
    fc.asyncProperty(webhook, async (sent) => {
      count += 1
      const providerOrderId = String(700_000 + count)
      const text = sent.text.replaceAll('ID', providerOrderId)
      const bytes = sent.encode(text)
      await ingest.register({ orderId: `P-${count}`, providerOrderId, quantity: QUANTITY, charge: String(CHARGE) })
      const [before] = await query('SELECT count(*)::int FROM deliveries')
      const { status, results } = await send(sent, bytes)
      const [after] = await query('SELECT count(*)::int FROM deliveries')
      expect([200, 400, 413, 415]).toContain(status)

      const kept = await query('SELECT body FROM rejected_requests WHERE body = $1', [bytes])
      expect({ isKept: kept.length > 0, deliveries: Number(after!['count']) - Number(before!['count']) }).toEqual({
        isKept: status !== 200,
        deliveries: results.length,
      })
      expect(results.length > 0).toBe(status === 200)

      const [order] = await query('SELECT refunded::float FROM orders WHERE provider_order_id = $1', [providerOrderId])
      const refunded = Number(order!['refunded'])
      if (refunded > 0) paid += 1
      expect([0, ...justifiedRefunds(text)]).toContain(refunded)
    }),
    { numRuns: RUNS },
  )
  // It is about money only if many of them pay.
  expect(paid).toBeGreaterThan(RUNS / 80)
})
