import { expect, test } from '@jest/globals'
import { readClientMessage } from '../../src/socket/read-client-message.ts'

test.each([
  ['{"type":"pong"}', { type: 'pong' }],
  ['{"type":"pong","more":1}', { type: 'pong' }],
  [
    '{"type":"hello","token":"t","resume":{"epoch":"e","seq":0},"tab":3}',
    { type: 'hello', token: 't', resume: { epoch: 'e', seq: 0 } },
  ],
])('%s is read without what is not known of it', (frame, message) => {
  expect(readClientMessage(frame)).toEqual(message)
})

test.each([
  '{"type":"subscribe"}',
  '{"type":"later","seq":7}',
  '{"type":""}',
  '{"type":"Pong"}',
  '{"type":"toString"}',
])('%s is of a type that is not known', (frame) => {
  expect(readClientMessage(frame)).toBe('unknown')
})

test.each([
  '',
  '{"type":',
  'null',
  '1',
  '"pong"',
  '[]',
  '[{"type":"pong"}]',
  '{}',
  '{"type":1}',
  '{"type":["pong"]}',
  '{"type":"hello"}',
  '{"type":"hello","token":""}',
  '{"type":"hello","token":"t","resume":{"epoch":"e","seq":-1}}',
  '{"type":"refresh"}',
])('%j is no message', (frame) => {
  expect(readClientMessage(frame)).toBe('malformed')
})
