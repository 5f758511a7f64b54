import { expect, test } from '@jest/globals'
import { MessageReader, type MessageKind } from '../src/message-reader.ts'

const string = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`
const push = (kind: string, channel: string, payload: string): string =>
  `>3\r\n${string(kind)}${string(channel)}${string(payload)}`
const message = (channel: string, payload: string): string => push('message', `paxyo:${channel}`, payload)

/** What a reader of the kind hands on: `[channel, payload]` of each message, and the bytes of the replies between them. */
function read(chunks: readonly Buffer[], kind: MessageKind = 'message'): (string | readonly [string, string])[] {
  const handedOn: (string | readonly [string, string])[] = []
  const reader = new MessageReader({
    kind,
    prefixBytes: 'paxyo:'.length,
    onMessage: (channel, payload) => handedOn.push([channel, payload.toString()]),
    onReplies(bytes) {
      const last = handedOn.at(-1)
      if (typeof last === 'string') handedOn[handedOn.length - 1] = last + bytes.toString()
      else handedOn.push(bytes.toString())
    },
  })
  for (const chunk of chunks) reader.read(chunk)
  return handedOn
}

/** Replies of every type of RESP3 and RESP2, nested and empty ones, and some that look like messages. */
const REPLIES = [
  '%2\r\n+server\r\n$5\r\nredis\r\n$7\r\nmodules\r\n*1\r\n%1\r\n+name\r\n*0\r\n',
  '+OK\r\n',
  '-NOAUTH Authentication required.\r\n',
  `-ERR ${'x'.repeat(400)}\r\n`,
  ':12\r\n',
  ':-1\r\n',
  '_\r\n',
  '#t\r\n',
  ',1.5\r\n',
  '(12345678901234567890\r\n',
  '!5\r\nERR x\r\n',
  '=8\r\ntxt:text\r\n',
  '~2\r\n:1\r\n*1\r\n:2\r\n',
  '$0\r\n\r\n',
  '$-1\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*2\r\n$4\r\npong\r\n$0\r\n\r\n',
  '>3\r\n$9\r\nsubscribe\r\n$9\r\npaxyo:ann\r\n:1\r\n',
  string(message('ann', 'in a string')),
  // Of RESP2, which ioredis reads.
  `*3\r\n${string('message')}${string('paxyo:ann')}${string('in an array')}`,
  push('pmessage', 'paxyo:ann', 'of a pattern'),
  push('smessage', 'paxyo:ann', 'sharded'),
]
const PAYLOADS = ['{"type":"event"}', '', '€ 😀 \r\n', message('ben', 'in a message')]

/** Of two chunks, however the bytes are split, and of one-byte chunks. */
function* splits(text: string): Generator<Buffer[]> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)]
  yield Array.from(bytes, (byte) => Buffer.from([byte]))
}

test('messages are taken out of the replies, in their order, wherever the network splits them', () => {
  const payloads = REPLIES.map((_, index) => PAYLOADS[index % PAYLOADS.length]!)
  const transcript = REPLIES.map((reply, index) => reply + message('{7}:é', payloads[index]!)).join('')
  const expected = REPLIES.flatMap((reply, index) => [reply, ['{7}:é', payloads[index]!] as const])
  for (const chunks of splits(transcript)) expect(read(chunks)).toEqual(expected)
})

test('nothing waits for what comes after it', () => {
  for (const reply of REPLIES) for (const chunks of splits(reply)) expect(read(chunks)).toEqual([reply])
  for (const payload of PAYLOADS) {
    for (const chunks of splits(message('ann', payload))) expect(read(chunks)).toEqual([['ann', payload]])
  }
})

test('a long payload comes in many chunks', () => {
  const payload = 'x'.repeat(1_000_000)
  const bytes = Buffer.from(`+OK\r\n${message('ann', payload)}${message('ann', 'the next one')}`)
  const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
    bytes.subarray(index * 65_536, (index + 1) * 65_536),
  )
  expect(read(chunks)).toEqual(['+OK\r\n', ['ann', payload], ['ann', 'the next one']])
})

test('on a connection with sharded pub/sub, the other kind is taken', () => {
  const [sharded, plain] = [push('smessage', 'paxyo:ann', 'sharded'), push('message', 'paxyo:ann', 'plain')]
  expect(read([Buffer.from(sharded + plain)], 'smessage')).toEqual([['ann', 'sharded'], plain])
})
