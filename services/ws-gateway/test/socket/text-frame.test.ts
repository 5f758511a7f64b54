import { expect, test } from '@jest/globals'
import * as ws from 'ws'
import type { Writable } from 'node:stream'
import { textFrame } from '../../src/socket/text-frame.ts'

// The receiver is not in the types of ws.
const { Receiver } = ws as unknown as { Receiver: new () => Writable }

// A length is written in 7, 16 or 64 bits: each with its bounds.
test.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('a frame with %i bytes is read as it was written', (length) => {
  const payload = Buffer.alloc(length, 'payload')
  const receiver = new Receiver()
  const received: { text: string; isBinary: boolean }[] = []
  receiver.on('message', (data: Buffer, isBinary: boolean) => received.push({ text: data.toString(), isBinary }))
  receiver.write(Buffer.concat([textFrame(payload), textFrame(Buffer.from('the next'))]))

  expect(received).toEqual([
    { text: payload.toString(), isBinary: false },
    { text: 'the next', isBinary: false },
  ])
})
