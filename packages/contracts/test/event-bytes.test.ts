import { expect, test } from '@jest/globals'
import { encodeEvent, eventSeq } from '../src/event-bytes.ts'
import { orderEventSchema, type OrderEvent } from '../src/order-event.ts'

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
  expect(eventSeq(Buffer.from(''))).toBe(0)
})
