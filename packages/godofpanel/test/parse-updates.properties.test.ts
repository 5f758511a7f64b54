import { expect, test } from '@jest/globals'
import type { ParseResult, StatusUpdate } from '@paxyo/order-core'
import fc from 'fast-check'
import { createGodOfPanel } from '../src/index.ts'

const provider = createGodOfPanel()

/** An update as a provider means it. */
interface Meant {
  readonly id: string
  readonly status: 'canceled' | 'partial' | 'completed'
  readonly remains: number
}

const meant: fc.Arbitrary<Meant> = fc.record({
  id: fc.oneof(fc.integer({ min: 1, max: 999_999_999 }).map(String), fc.stringMatching(/^[a-z]{2}-\d{1,6}$/)),
  status: fc.constantFrom('canceled', 'partial', 'completed'),
  remains: fc.nat(100_000),
})

const respell = fc.constantFrom<(name: string) => string>(
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('_', ''),
  (name) => name.replace(/^./, (first) => first.toUpperCase()),
)

/** The same update under the names that providers use. */
const spelled = fc
  .record({
    update: meant,
    idName: fc.constantFrom('order_id', 'order', 'id'),
    statusName: fc.constantFrom('status', 'order_status'),
    remainsName: fc.constantFrom('remains', 'remain'),
    respell,
    asText: fc.boolean(),
  })
  .map(({ update, idName, statusName, remainsName, respell: toName, asText }) => ({
    update,
    fields: {
      [toName(idName)]: update.id,
      [toName(statusName)]: update.status,
      [toName(remainsName)]: asText ? String(update.remains) : update.remains,
    },
  }))

/** The messages that providers put around an update. */
const wrap = fc.constantFrom<(fields: object) => unknown>(
  (fields) => fields,
  (fields) => [fields],
  (fields) => ({ orders: [fields] }),
  (fields) => ({ event: 'order.updated', data: fields }),
  (fields) => ({ id: 'evt_7', type: 'order', data: { order: fields } }),
  (fields) => ({ status: 'success', data: fields }),
  (fields) => ({ success: true, status: true, result: fields, message: 'ok' }),
  (fields) => ({ payload: JSON.stringify(fields) }),
)

const contentType = fc.constantFrom(
  'application/json',
  'text/plain; charset=utf-8',
  'application/x-www-form-urlencoded',
  undefined,
)

const read = (type: string | undefined, text: string): ParseResult => provider.parseUpdates(type, Buffer.from(text))

const pays = ({ status }: StatusUpdate): boolean => status === 'canceled' || status === 'partial'

test('an update is read the same, however it is wrapped, spelled and labelled', () => {
  fc.assert(
    fc.property(
      spelled,
      wrap,
      contentType,
      fc.constantFrom('', '\uFEFF', '  '),
      ({ update, fields }, wrapped, type, prefix) => {
        const result = read(type, prefix + JSON.stringify(wrapped(fields)))
        expect(result).toMatchObject({
          updates: [{ update: { providerOrderId: update.id, status: update.status, remains: update.remains } }],
        })
      },
    ),
    { numRuns: 2000 },
  )
})

test('what is stored of an update is read as that update again', () => {
  fc.assert(
    fc.property(fc.array(spelled, { minLength: 1, maxLength: 5 }), wrap, (all, wrapped) => {
      const body = all.length === 1 ? wrapped(all[0]!.fields) : all.map(({ fields }) => fields)
      const first = read('application/json', JSON.stringify(body))
      if ('error' in first) throw new Error(first.error)
      for (const { update, body: stored } of first.updates) {
        expect(read(undefined, stored)).toMatchObject({ updates: [{ update }] })
      }
    }),
  )
})

test('two statuses or two orders in one message pay nothing', () => {
  fc.assert(
    fc.property(meant, meant, fc.boolean(), (one, other, isOrder) => {
      fc.pre(one.status !== other.status && one.id !== other.id)
      const body = isOrder
        ? { order_id: one.id, status: one.status, data: { order: other.id, status: one.status } }
        : { order_id: one.id, status: one.status, data: { status: other.status, remains: other.remains } }
      const result = read('application/json', JSON.stringify(body))
      const updates = 'error' in result ? [] : result.updates.flatMap(({ update }) => update ?? [])
      expect(updates.filter(pays)).toEqual([])
    }),
  )
})

test('a message without a status, or that says only whether it succeeded, pays nothing', () => {
  fc.assert(
    fc.property(
      meant,
      fc.constantFrom(undefined, true, false, 'success', 'error', 'ok', null, 1, {}),
      ({ id, remains }, status) => {
        const result = read(
          'application/json',
          JSON.stringify({ event: 'order.canceled', order_id: id, status, remains }),
        )
        const updates = 'error' in result ? [] : result.updates.flatMap(({ update }) => update ?? [])
        expect(updates.filter(pays)).toEqual([])
      },
    ),
  )
})

test.each([
  { '7': { status: 'Canceled', result: { order: '7', status: 'Partial', remains: 300 } } },
  { '7': { status: 'Partial', remains: 300 }, status: 'Canceled' },
  {
    status: 'Canceled',
    orders: [
      { order: '7', status: 'Partial', remains: 300 },
      { order: '8', status: 'Completed' },
    ],
  },
  { order: '7', status: 'Completed', data: { status: true, payload: { data: { order: '7', status: 'Canceled' } } } },
  { order: '7', status: 'Canceled', result: { payload: { status: 'Partial' } } },
  { order: '8', data: { payload: { data: { order: '7', status: 'Canceled' } } } },
])('a contradiction anywhere around or inside an update is ambiguous, also when it is read again: %j', (body) => {
  const result = read('application/json', JSON.stringify(body))
  if ('error' in result) throw new Error(result.error)
  for (const { update, body: stored } of result.updates) {
    expect(update).toMatchObject({ status: 'unknown', problem: 'ambiguous_update' })
    expect(read(undefined, stored)).toMatchObject({ updates: [{ update }] })
  }
})
