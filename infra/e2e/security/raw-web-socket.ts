import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { Random } from '../../chaos/random.ts'
import { repeatAttempt, type AttackOptions, type AttackResult } from './attack.ts'

/** Some wait until the gateway closes them. */
const CONCURRENT_MAX = 100
/** The time until `hello` is 5 seconds, and a client has 5 more to complete the closing handshake. */
const SILENCE_MS_MAX = 60_000

/** What only a client with a token gets. A pong repeats the text of a ping, which contains none of it. */
const DATA = /"type":"(?:welcome|event)"|"type":"(?:page|orders)","seq"/

/** Frames that no browser sends, on a connection that has no token. */
export function attackWithFrames(options: AttackOptions): Promise<AttackResult> {
  const { target, random } = options
  return repeatAttempt('raw WebSocket', CONCURRENT_MAX, options, async (tally) => {
    const frames = Array.from({ length: 1 + random.below(3) }, () => makeFrame(random))
    const received = await send(target.gatewayUrl, Buffer.concat(frames))
    const shown = Buffer.concat(frames).subarray(0, 120).toString('base64')
    tally.count(outcomeOf(received))
    if (received === 'silent') tally.violated(`the connection stays open after ${shown}`)
    if (typeof received !== 'string' && DATA.test(received.toString('latin1'))) {
      tally.violated(`data without a token after ${shown}`)
    }
  })
}

/** The code of the close frame, which is the last one. */
function outcomeOf(received: Buffer | 'silent'): string {
  if (received === 'silent') return received
  const at = received.lastIndexOf(0x88)
  return at === -1 || received.length < at + 4 ? 'disconnected' : String(received.readUInt16BE(at + 2))
}

const TEXTS = [
  '{"type":"hello"}',
  '{"type":"hello","token":""}',
  `{"type":"hello","token":"${'a'.repeat(9_000)}"}`,
  '{"type":"hello","token":"a.b.c","resume":{"epoch":"e","seq":1e999}}',
  '{"type":"page"}',
  '{"type":"orders","ids":["A-1"]}',
  '{"type":"seen","seq":9007199254740993}',
  '{"type":"refresh","token":"x"}',
  '{"__proto__":{"type":"hello"}}',
  '['.repeat(10_000),
  '"\\ud800"',
  '',
]

function makeFrame(random: Random): Buffer {
  const payload = random.chance(0.6) ? Buffer.from(random.pick(TEXTS)) : randomBytesOf(random, 300)
  const isFinal = random.chance(0.8)
  const reserved = random.chance(0.1) ? random.below(8) : 0
  // Text, binary, continuation, close, ping, pong, and codes without a meaning.
  const opcode = random.pick([1, 1, 1, 2, 0, 8, 9, 10, 3, 11, 15])
  const isMasked = random.chance(0.9)
  const length = random.chance(0.1) ? random.pick([0, 125, 126, 127, 70_000]) : payload.length
  const head = [(isFinal ? 0x80 : 0) | (reserved << 4) | opcode]
  if (length < 126) head.push(length)
  else if (length < 65_536) head.push(126, length >> 8, length & 0xff)
  else head.push(127, random.chance(0.5) ? 0xff : 0, 0, 0, 0, 0, 1, 0x11, 0x70)
  if (isMasked) head[1]! |= 0x80
  const mask = isMasked ? randomBytesOf(random, 4, 4) : Buffer.alloc(0)
  const masked = isMasked ? payload.map((byte, index) => byte ^ mask[index % 4]!) : payload
  return Buffer.concat([Buffer.from(head), mask, masked])
}

const randomBytesOf = (random: Random, max: number, min = 0): Buffer =>
  Buffer.from(Array.from({ length: min === max ? max : min + random.below(max) }, () => random.below(256)))

/** @returns what the server sends after the handshake, until it disconnects. */
function send(url: string, frames: Buffer): Promise<Buffer | 'silent'> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const key = randomBytes(16).toString('base64')
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `GET /ws HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      ),
    )
    socket.setTimeout(SILENCE_MS_MAX, () => {
      socket.destroy()
      resolve('silent')
    })
    socket.once('data', () => {
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.end(frames)
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Buffer.concat(chunks)))
  })
}
