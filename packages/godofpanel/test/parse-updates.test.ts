import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { parseUpdates as parseWith, UPDATES_MAX } from '../src/parse-updates.ts'
import { createStatusReader } from '../src/status-words.ts'

const parseUpdates = (contentType: 'json' | 'form', text: string) => parseWith(contentType, text, createStatusReader())

interface Sample {
  readonly name: string
  readonly contentType: string
  readonly body: string
  readonly expect: readonly Record<string, unknown>[] | { readonly error: string }
}

const samples = JSON.parse(readFileSync(new URL('data/samples.json', import.meta.url), 'utf8')) as Sample[]

/** The result in the samples' own terms. */
const parse = (contentType: 'json' | 'form', body: string): unknown => {
  const result = parseUpdates(contentType, body)
  if ('error' in result) return result
  return result.updates.map(({ update }) => {
    if (update === undefined) return undefined
    const { providerOrderId: orderId, status, remains, startCount, problem } = update
    return problem === undefined
      ? { orderId, status, remains, startCount }
      : { orderId, status, remains, startCount, problem }
  })
}

const json = (body: unknown): unknown => parse('json', JSON.stringify(body))

test.each(samples)('sample: $name', ({ contentType, body, expect: expected }) => {
  expect(parse(contentType === 'application/json' ? 'json' : 'form', body)).toEqual(expected)
})

const canceled = (orderId: string): unknown => ({ orderId, status: 'canceled', remains: null, startCount: null })

describe('kin of the samples', () => {
  test('one update or a list in a wrapper', () => {
    expect(json({ event: 'order.updated', order: { id: 5, status: 'Canceled' } })).toEqual([canceled('5')])
    expect(json({ data: { order_id: '5', status: 'Canceled' } })).toEqual([canceled('5')])
    expect(json({ orders: [{ id: '5', status: 'Canceled' }] })).toEqual([canceled('5')])
  })

  test('a PHP list with holes, keyed by position: the id inside counts', () => {
    expect(json({ 0: { order: 71, status: 'Canceled' }, 2: { order: 72, status: 'Canceled' } })).toEqual([
      canceled('71'),
      canceled('72'),
    ])
  })

  test("forms as PHP's http_build_query writes them", () => {
    expect(parse('form', 'orders[9][status]=Canceled&orders[10][status]=Canceled')).toEqual([
      canceled('9'),
      canceled('10'),
    ])
    expect(parse('form', '0%5Border%5D=71&0%5Bstatus%5D=Canceled')).toEqual([canceled('71')])
  })

  test('JSON under the content type that curl sends when none is given', () => {
    expect(parse('form', '{"order_id":"5","status":"canceled"}')).toEqual([canceled('5')])
  })

  test('PHP floats, spaces and text ids', () => {
    expect(parse('json', '{"order_id":12345.0,"status":"canceled"}')).toEqual([canceled('12345')])
    expect(json({ order_id: ' ab-12 ', status: ' canceled' })).toEqual([canceled('ab-12')])
  })

  test('amounts that are not integers are null, not guessed', () => {
    for (const remains of ['', ' ', '1,000', '157.5', '1e3', 'NaN', true, [], {}, '99999999999999999999']) {
      expect(json({ order_id: '1', status: 'partial', remains })).toMatchObject([{ remains: null }])
    }
    expect(json({ order_id: '1', status: 'partial', remains: '157.0' })).toMatchObject([{ remains: 157 }])
  })

  test('a status that is no text is unknown, and an unknown word is kept as maps compare it', () => {
    const word = (status: unknown): string | undefined => {
      const result = parseUpdates('json', JSON.stringify({ order_id: '1', status }))
      return 'error' in result ? result.error : result.updates[0]!.update!.word
    }
    const unknown = { status: 'unknown', problem: 'unknown_status' }
    expect(['Paused', 3, ' W_Toku ', 'canceled'].map(word)).toEqual(['paused', '3', 'wtoku', undefined])
    for (const status of [undefined, '', 'x'.repeat(65), 'a\u0000b', 'a\ud800']) {
      expect(json({ order_id: '1', status })).toMatchObject([unknown])
      expect(word(status)).toBeUndefined()
    }
  })
})

test('remains that differ between an envelope and its content are null', () => {
  const differing = { order: '1', remains: 300, data: { status: 'partial', remains: 600 } }
  expect(json(differing)).toMatchObject([{ status: 'partial', remains: null }])
  expect(json({ ...differing, remains: 600 })).toMatchObject([{ status: 'partial', remains: 600 }])
})

test('an entry without an order does not cost its neighbours theirs', () => {
  expect(json([{ order_id: '1', status: 'canceled' }, { status: 'canceled' }, null])).toEqual([
    canceled('1'),
    undefined,
    undefined,
  ])
})

test.each<[unknown, string]>([
  [null, 'order_id_missing'],
  [true, 'order_id_missing'],
  ['12345', 'order_id_missing'],
  [{}, 'order_id_missing'],
  [{ orders: {} }, 'no_updates'],
  [{ orders: [] }, 'no_updates'],
  [[[]], 'order_id_missing'],
  [[{ status: 'canceled' }], 'order_id_missing'],
  [{ order_id: '', status: 'canceled' }, 'order_id_missing'],
  [{ order_id: 'a\u0000b', status: 'canceled' }, 'order_id_missing'],
  [{ order_id: 'x'.repeat(129), status: 'canceled' }, 'order_id_missing'],
])('%j is rejected as %s', (body, error) => {
  expect(json(body)).toEqual({ error })
})

test.each(['order_id[]=1&order_id[]=2&status=canceled', 'order_id[a]=1&status[]=canceled', 'ID[x]=1&status=canceled'])(
  'the name of a field is no order id: %s',
  (body) => {
    expect(parse('form', body)).toEqual({ error: 'order_id_missing' })
    expect(json({ order_id: { a: 1 }, status: { remains: 3 } })).toEqual({ error: 'order_id_missing' })
  },
)

test.each([
  '{"order_id":"1","status":"completed","status":"canceled"}',
  '{"order_id":"1","order_id":"2","status":"canceled"}',
  '{"data":{"order_id":"1","status":"Completed"},"data":{"order_id":"1","status":"canceled"}}',
])('two members of the same name are rejected: which one is meant is not known: %s', (body) => {
  const detail = 'an object has two members of the same name'
  expect(parse('json', body)).toEqual({ error: 'malformed_json', detail })
})

test('colons and brackets in texts, and escaped quotes, are no members', () => {
  const note = '{"a":1} [::] \\" : " \\'
  expect(json([{ order_id: '1', status: 'canceled', note, ':{"': { '"': [':', {}] } }])).toEqual([canceled('1')])
})

test('more updates than a batch should carry are rejected as a whole', () => {
  const updates = Array.from({ length: UPDATES_MAX + 1 }, (_, id) => ({ id: `${id + 1}`, status: 'canceled' }))
  expect(json(updates)).toEqual({ error: 'too_many_updates' })
  expect(json(updates.slice(1))).toHaveLength(UPDATES_MAX)
})

test('each update keeps what was sent about it', () => {
  const one = '{ "order_id": 90071992547409931, "status": "canceled" }'
  expect(parseUpdates('json', one)).toMatchObject({ updates: [{ body: one }] })
  expect(parseUpdates('json', '{"1":{"status":"canceled"},"2":{"status":"canceled"}}')).toMatchObject({
    updates: [{ body: '{"1":{"status":"canceled"}}' }, { body: '{"2":{"status":"canceled"}}' }],
  })
})

test('no input makes it throw', () => {
  fc.assert(
    fc.property(fc.constantFrom('json' as const, 'form' as const), fc.oneof(fc.string(), fc.json()), (type, text) => {
      const result = parseUpdates(type, text)
      expect('error' in result || result.updates.length > 0).toBe(true)
    }),
    { numRuns: 2000 },
  )
})
