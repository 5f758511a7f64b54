import { expect, test } from '@jest/globals'
import { PROTOCOL_VERSION } from '@paxyo/contracts'
import { PROTOCOL, readMessage } from '../src/wire.ts'

test("it speaks the contract's version", () => {
  expect(PROTOCOL).toBe(PROTOCOL_VERSION)
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
