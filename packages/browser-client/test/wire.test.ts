import { expect, test } from '@jest/globals'
import { orderEventSchema } from '@paxyo/contracts'
import { isAboutOrder, readMessage } from '../src/wire.ts'

test("it knows the contract's kinds of events that are about an order, and no others", () => {
  const isKnown = (event: string): boolean => isAboutOrder({ type: 'event', seq: 1, event, at: '' })
  for (const { shape } of orderEventSchema.options) expect(isKnown(shape.event.value)).toBe('order' in shape)
  expect(['order.archived', 'order', '', 'toString'].filter(isKnown)).toEqual([])
})

test('messages of types that are not known yet are let through, to be ignored', () => {
  expect(readMessage('{"type":"greeting"}')).toEqual({ type: 'greeting' })
})

test.each([undefined, new ArrayBuffer(2), '', 'null', '{', '{"type":"event"}', '{"type":"welcome","seq":"1"}'])(
  'nothing that a server of ours would send: %p',
  (data) => {
    expect(readMessage(data)?.type).toBeUndefined()
  },
)
