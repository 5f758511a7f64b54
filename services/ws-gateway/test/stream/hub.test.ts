import { expect, test } from '@jest/globals'
import { userChannel } from '@paxyo/contracts'
import { createInProcessBus } from '@paxyo/event-bus'
import { pino } from 'pino'
import type { StreamReader, StreamStart } from '../../src/read/stream-reader.ts'
import { createHub } from '../../src/stream/hub.ts'
import { Sequencer } from '../../src/stream/sequencer.ts'
import type { StreamListener } from '../../src/stream/user-stream.ts'

function aListener(): { readonly listener: StreamListener; readonly sequencer: Sequencer } {
  const sequencer = new Sequencer(1024)
  const listener = {
    get lastSeq() {
      return sequencer.last
    },
    get hasGap() {
      return sequencer.hasGap
    },
    setDelay: () => undefined,
    begin: ({ seq }: StreamStart) => void sequencer.start(seq),
    offer: (seq: number, bytes: Buffer) => void sequencer.offer(seq, bytes),
  } as Partial<StreamListener> as StreamListener
  return { listener, sequencer }
}

const payloadOf = (seq: number): string => `{"type":"event","seq":${seq},"event":"order.updated"}`

test('after a promotion, and after the start, the events are read that a former primary did not have', async () => {
  const stored = [1, 2, 3].map((seq) => ({ seq, bytes: Buffer.from(payloadOf(seq)) }))
  let head = 1
  let timeline = 4
  const hub = createHub({
    bus: createInProcessBus(),
    reader: {
      start: async () => ({ mode: 'resumed', epoch: 'e', seq: 0, events: [], tokensIssuedBeforeMs: undefined }),
      history: async () => ({ epoch: 'e', timeline }),
      eventsSince: async (_userId: string, since: number) => stored.filter(({ seq }) => seq > since && seq <= head),
      behind: async (since) => since.filter(({ seq }) => seq < head).map(({ userId }) => userId),
      batchIds: async () => [],
    } as Partial<StreamReader> as StreamReader,
    log: pino({ level: 'silent' }),
  })
  const { listener, sequencer } = aListener()
  await hub.join('ann', listener, undefined)
  await hub.checkHistory()
  expect(sequencer.last).toBe(1)
  head = 2
  await hub.checkHistory()
  expect(sequencer.last).toBe(2)
  for (let check = 0; check < 10; check += 1) await hub.checkHistory()
  head = 3
  await hub.checkHistory()
  expect(sequencer.last).toBe(2)
  timeline = 5
  await hub.checkHistory()
  expect(sequencer.last).toBe(3)
  await hub.close()
})

test('an event counts as forwarded once, though the bus delivers it again after it was read', async () => {
  const bus = createInProcessBus()
  const forwarded: string[] = []
  const stored = [1, 2].map((seq) => ({ seq, bytes: Buffer.from(payloadOf(seq)) }))
  const start: StreamStart = {
    mode: 'resumed',
    epoch: 'e',
    seq: 0,
    events: [],
    tokensIssuedBeforeMs: undefined,
  }
  const hub = createHub({
    bus,
    reader: {
      start: async () => start,
      eventsSince: async (_userId: string, since: number) => stored.filter(({ seq }) => seq > since),
      behind: async () => [],
      batchIds: async () => [],
    } as Partial<StreamReader> as StreamReader,
    log: pino({ level: 'silent' }),
    onForwarded: (bytes) => forwarded.push(Buffer.from(bytes).toString()),
  })
  const { listener, sequencer } = aListener()
  await hub.join('ann', listener, undefined)
  const publisher = bus.connectPublisher()
  const publish = (seq: number) => publisher.publish([{ channel: userChannel('ann'), payload: payloadOf(seq) }])
  // The first one is late, so that it is read.
  await publish(2)
  while (sequencer.last !== 2) await new Promise(setImmediate)
  await publish(1)
  await publish(2)
  await hub.close()

  expect(forwarded.toSorted()).toEqual([payloadOf(1), payloadOf(2)])
})
