import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import {
  WEBHOOK_MISTAKES,
  WEBHOOK_SHAPES,
  writeMistake,
  writeWebhook,
  type WebhookMistakeName,
  type WebhookShapeName,
} from '../src/index.ts'

// Everything that a provider was seen to send can be sent by the simulator, too.

interface RealWorldWebhook {
  readonly name: string
  readonly method?: 'GET'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const WEBHOOKS = JSON.parse(
  readFileSync(new URL('../../../services/webhook-ingest/test/data/real-world-webhooks.json', import.meta.url), 'utf8'),
) as RealWorldWebhook[]

type Kind =
  | { readonly shape: WebhookShapeName }
  | { readonly mistake: WebhookMistakeName }
  /** A sequence of statuses, in any shape. */
  | { readonly statuses: readonly string[] }

const KINDS: Readonly<Record<string, Kind>> = {
  'JSON labelled text/plain': { shape: 'labelled_text' },
  'JSON without a content type': { shape: 'unlabelled' },
  "multipart fields, as PHP's curl sends an array": { shape: 'multipart' },
  'gzip body': { shape: 'gzip' },
  'unknown encoding': { mistake: 'unknown_encoding' },
  'GET with a query string, or a look in the browser': { mistake: 'get' },
  'slash at the end of the address': { shape: 'slash' },
  'an envelope with its own id': { shape: 'envelope' },
  "status is the envelope's flag, the order's stands beside it": { shape: 'flag_beside' },
  "status is the envelope's flag, the order's is nested": { shape: 'flag_around' },
  'status error with an error text is a failed request, not a failed order': { mistake: 'request_error' },
  'a bare status error of an order stays failed': { statuses: ['failed'] },
  'status is true, and the order with its own id and status is nested': { shape: 'flag_true' },
  'status is false with a text: the request failed, the order did not': { mistake: 'request_failed' },
  'a content type that is no media type': { shape: 'mislabelled' },
  'an empty content type, and not readable: kept': { mistake: 'html_mislabelled' },
  'remain without s': { shape: 'remain' },
  'capital keys': { shape: 'capital' },
  'a comma in a number is not guessed': { mistake: 'remains_with_comma' },
  'not readable, but authenticated: kept': { mistake: 'html' },
  'failed, then resumed by the provider': { statuses: ['failed', 'in_progress'] },
  'the same unknown word five times is one open review': { mistake: 'unknown_word' },
  'a refill is no review and changes nothing': { mistake: 'refill' },
}

const ORDER = {
  orderId: 'ID',
  quantity: 1000,
  status: 'partial',
  remains: 300,
  startCount: null,
  service: '',
  link: '',
} as const

/** The paths of a JSON text's members, such as `data.status`; the order's id may be called `order` or `order_id`. */
function memberPaths(text: string): string[] {
  if (!text.startsWith('{')) return []
  const paths = (value: unknown, prefix: string): string[] => {
    if (typeof value !== 'object' || value === null) return []
    const names = Object.keys(value).map((name) => `${prefix}${name}`)
    return names.concat(Object.entries(value).flatMap(([name, member]) => paths(member, `${prefix}${name}.`)))
  }
  return paths(JSON.parse(text), '').map((path) => path.replace(/_id$/, ''))
}

test('each of them has a kind', () => {
  expect(WEBHOOKS.map(({ name }) => name).filter((name) => KINDS[name] === undefined)).toEqual([])
})

const SHAPED = WEBHOOKS.flatMap((webhook) => {
  const kind = KINDS[webhook.name]
  return kind !== undefined && 'shape' in kind ? [{ ...webhook, ...kind }] : []
})

test.each(SHAPED)('$name: $shape has its headers and its members', ({ shape, headers = {}, body = '' }) => {
  const written = writeWebhook(WEBHOOK_SHAPES[shape], [ORDER])
  const label = (text = ''): string => text.replace(/boundary=.*/, '')
  expect([label(written.contentType), written.contentEncoding]).toEqual([
    label(headers['content-type']),
    headers['content-encoding'],
  ])
  expect(memberPaths(written.body)).toEqual(expect.arrayContaining(memberPaths(body)))
})

const MISTAKEN = WEBHOOKS.flatMap((webhook) => {
  const kind = KINDS[webhook.name]
  return kind !== undefined && 'mistake' in kind ? [{ ...webhook, ...kind }] : []
})

test.each(MISTAKEN)('$name: $mistake has its method and headers', ({ mistake, method, headers = {} }) => {
  const written = writeMistake(mistake, 'ID', 'mark')
  expect([written.method, written.contentEncoding]).toEqual([method, headers['content-encoding']])
  expect(written.body).toContain('mark')
  expect(WEBHOOK_MISTAKES[mistake].status).toBeGreaterThanOrEqual(200)
})
