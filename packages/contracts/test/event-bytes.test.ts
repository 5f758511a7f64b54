import { expect, test } from '@jest/globals'
import { eventAtMs, eventSeq } from '../src/data/event-bytes.ts'
import { encodeEvent } from '../src/schemas/encode-event.ts'
import { orderEventSchema, type OrderEvent } from '../src/schemas/order-event.ts'

const event: OrderEvent = {
  account: { balance: '10.25', currency: 'USD' },
  at: '2026-11-22T18:00:00.000Z',
  event: 'account.updated',
  seq: 1207,
  type: 'event',
}

test('an encoded event parses back to itself, whatever the order of its members', () => {
  expect(orderEventSchema.parse(JSON.parse(encodeEvent(event)))).toEqual(event)
})

test('its seq is read from its bytes without parsing', () => {
  expect(eventSeq(Buffer.from(encodeEvent(event)))).toBe(1207)
  expect(eventSeq(Buffer.from(encodeEvent({ ...event, seq: Number.MAX_SAFE_INTEGER })))).toBe(Number.MAX_SAFE_INTEGER)
  expect(eventSeq(Buffer.from('{"type":"ping"}'))).toBe(0)
  expect(eventSeq(Buffer.from('x'.repeat(22) + '7}'))).toBe(0)
  expect(eventSeq(Buffer.from('{"type":"fight","seq":7}'))).toBe(0)
  expect(eventSeq(Buffer.from(''))).toBe(0)
})

test.each(['7', '7,"event":"order.upd', '7x}', '7}}', '7 ,"event":"order.updated"}', '9007199254740993}'])(
  'bytes that only begin like an event have no seq: %s',
  (rest) => {
    expect(eventSeq(Buffer.from(`{"type":"event","seq":${rest}`))).toBe(0)
  },
)

test('when it was committed is read from its bytes, wherever an order hides the same letters', () => {
  const order = { ...anOrder(), link: 'https://example.com/"at":"1999-01-01T00:00:00.000Z"' }
  const account = { balance: '999999999999.12345678', currency: 'ABCDEFGH' }
  const bytes = Buffer.from(
    encodeEvent({ type: 'event', seq: 1, event: 'order.registered', order, at: event.at, account }),
  )

  expect(eventAtMs(bytes)).toBe(Date.parse(event.at))
  expect(eventAtMs(Buffer.from(encodeEvent(event)))).toBe(Date.parse(event.at))
  expect(eventAtMs(Buffer.from('{"type":"ping"}'))).toBeNaN()
  expect(eventAtMs(Buffer.from(''))).toBeNaN()
})

function anOrder() {
  return {
    orderId: 'A-1',
    providerOrderId: '12345',
    service: 'Instagram followers',
    link: 'https://instagram.com/somebody',
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
    status: 'pending',
    remains: null,
    startCount: null,
    refunded: '0',
    updatedAt: event.at,
  } as const
}
