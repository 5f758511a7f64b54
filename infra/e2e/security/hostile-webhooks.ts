import { gzipSync } from 'node:zlib'
import type { Random } from '../../chaos/random.ts'
import { repeatAttempt, type AttackOptions, type AttackResult } from './attack.ts'

const CONCURRENT_MAX = 20
/** Few, so that each has more deliveries than an order without a registration may have. */
const ORDER_IDS = 500
/** 408 when the attackers got too little of the processor to send it in time. */
const ALLOWED = new Set([200, 400, 408, 413, 415, 503])

/** Webhooks of a provider whose token leaked: authenticated, and with any content. */
export function attackWithWebhooks(options: AttackOptions): Promise<AttackResult> {
  const { target, random } = options
  const url = `${target.ingestUrl}/webhooks/godofpanel/${target.webhookToken}`
  return repeatAttempt('webhooks', CONCURRENT_MAX, options, async (tally) => {
    const { headers, body } = makeWebhook(random)
    const status = await send(url, { headers, body }).catch(() => undefined)
    tally.count(status === undefined ? 'disconnected' : String(status))
    if (status === undefined || ALLOWED.has(status)) return
    tally.violated(`${status} for ${JSON.stringify(headers)} ${body.subarray(0, 300).toString('base64')}`)
  })
}

interface Webhook {
  readonly headers: Record<string, string>
  readonly body: Buffer<ArrayBuffer>
}

async function send(url: string, { headers, body }: Webhook): Promise<number> {
  const response = await fetch(url, { method: 'POST', headers, body })
  await response.arrayBuffer()
  return response.status
}

/** Names that a program may take for its own. */
const ODD_NAMES = [
  'data',
  'orders',
  'order',
  'id',
  'status',
  '__proto__',
  'constructor',
  'toString',
  '',
  ' ',
  '\0',
  '0',
]
const ODD_TEXTS = ['', ' ', '\0', '-1', '1e400', '0x10', '1,5', 'NaN', '\ud800', '9'.repeat(400), 'x'.repeat(5_000)]
const ODD_NUMBERS = [-1, 1.5, 1e300, Number.MAX_SAFE_INTEGER + 2]
const ODD_VALUES: readonly unknown[] = [null, true, [], {}, ...ODD_TEXTS, ...ODD_NUMBERS, "'; DROP TABLE orders; --"]
const STATUSES = [
  'Pending',
  'Processing',
  'In progress',
  'Completed',
  'Partial',
  'canceled',
  'Fail',
  'Refilling',
  'a-word',
]
const FIELDS = ['order_id', 'id', 'order', 'status', 'remains', 'start_count', 'charge', 'currency', 'event']
const CONTENT_TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  '',
]

function makeWebhook(random: Random): Webhook {
  const text = random.pick([jsonOf, formOf, deepOf, cutOf, bytesOf])(random)
  const contentType = random.chance(0.7) ? 'application/json' : random.pick(CONTENT_TYPES)
  const headers: Record<string, string> = contentType === '' ? {} : { 'content-type': contentType }
  if (!random.chance(0.1)) return { headers, body: text }
  // Sometimes it says gzip and is not.
  const body = random.chance(0.8) ? gzipSync(text) : text
  return { headers: { ...headers, 'content-encoding': 'gzip' }, body }
}

const jsonOf = (random: Random): Buffer<ArrayBuffer> => Buffer.from(JSON.stringify(bodyOf(random)))

function bodyOf(random: Random): unknown {
  const updates = Array.from({ length: 1 + random.below(5) }, () => updateOf(random))
  const byName = Object.fromEntries(updates.map((update) => [nameOf(random), update]))
  return random.pick<unknown>([
    updates[0],
    updates,
    { orders: updates },
    { orders: byName },
    byName,
    { id: 'envelope', event: 'order', data: updates[0] },
    { data: { data: { data: updates[0] } } },
    random.pick(ODD_VALUES),
  ])
}

const nameOf = (random: Random): string =>
  random.chance(0.3) ? random.pick(ODD_NAMES) : `hostile-${random.below(ORDER_IDS)}`

function updateOf(random: Random): Record<string, unknown> {
  const update: Record<string, unknown> = {
    order_id: nameOf(random),
    status: random.pick(STATUSES),
    remains: random.below(1_000),
  }
  for (let changes = random.below(3); changes > 0; changes -= 1) {
    update[random.chance(0.8) ? random.pick(FIELDS) : random.pick(ODD_NAMES)] = random.pick(ODD_VALUES)
  }
  return update
}

const formOf = (random: Random): Buffer<ArrayBuffer> =>
  Buffer.from(
    Object.entries(updateOf(random))
      .map(([name, value]) => `${name}${random.pick(['', '[]', '[a][b]', '%00', '%'])}=${String(value)}`)
      .join('&'),
  )

function deepOf(random: Random): Buffer<ArrayBuffer> {
  const depth = random.pick([10, 100, 1_000, 10_000])
  const [open, close] = random.pick<readonly [string, string]>([
    ['[', ']'],
    ['{"data":', '}'],
    ['{"orders":[', ']}'],
  ])
  const innermost = JSON.stringify(updateOf(random))
  return Buffer.from(`${open.repeat(depth)}${innermost}${random.chance(0.5) ? close.repeat(depth) : ''}`)
}

function cutOf(random: Random): Buffer<ArrayBuffer> {
  const whole = jsonOf(random)
  return whole.subarray(0, random.below(whole.length))
}

const bytesOf = (random: Random): Buffer<ArrayBuffer> =>
  Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256)))
