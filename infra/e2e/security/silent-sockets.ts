import { mintToken } from '@paxyo/testkit'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const CHECK_INTERVAL_MS = 200
/** More would only fill the kernel's queue. */
const OPENED_AT_ONCE = 100
/** Few: the gateway closes them within seconds, and one that does not respond to pings after a minute. */
const ONE_WITHOUT_HELLO_IN = 10
/** Below the limit of connections per user. */
const SOCKETS_PER_USER = 20
/** As few as possible: a gateway accepts 1,000 connections of an address. */
const ADDRESSES = Array.from({ length: 10 }, (_, index) => `127.0.1.${index + 1}`)
const TOKEN_S = 6 * 3_600

export interface HeldSockets {
  readonly opened: number
  /** The most that were open at the same time, and had a response. */
  readonly heldMax: number
}

/**
 * Keeps a number of WebSockets open that say nothing. Some never send `hello`, the others have a token and do not respond to
 * pings. The gateway closes each at its deadline, and another one is opened.
 */
export async function holdSockets(url: string, count: number, isOver: () => boolean): Promise<HeldSockets> {
  const users = Array.from({ length: Math.ceil(count / SOCKETS_PER_USER) }, (_, index) => `silent-${index}`)
  const tokens = await Promise.all(users.map((user) => mintToken(user, { expiresInS: TOKEN_S })))
  const sockets = new Set<Socket>()
  let opened = 0
  let heldMax = 0
  while (!isOver()) {
    for (let missing = Math.min(count - sockets.size, OPENED_AT_ONCE); missing > 0; missing -= 1) {
      const token = opened % ONE_WITHOUT_HELLO_IN === 0 ? undefined : tokens[opened % tokens.length]
      open(url, sockets, token, ADDRESSES[opened % ADDRESSES.length]!)
      opened += 1
    }
    await sleep(CHECK_INTERVAL_MS)
    heldMax = Math.max(heldMax, [...sockets].filter(({ bytesRead }) => bytesRead > 0).length)
  }
  for (const socket of sockets) socket.destroy()
  return { opened, heldMax }
}

function open(url: string, sockets: Set<Socket>, token: string | undefined, localAddress: string): void {
  const { hostname, port } = new URL(url)
  const key = randomBytes(16).toString('base64')
  const socket = connect({ port: Number(port), host: hostname, localAddress })
  sockets.add(socket)
  socket.on('error', () => undefined)
  socket.once('close', () => sockets.delete(socket))
  socket.resume()
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  )
  if (token !== undefined) socket.write(helloFrame(token))
}

/** A text frame; its mask is 0, and changes nothing. */
function helloFrame(token: string): Buffer {
  const payload = Buffer.from(JSON.stringify({ type: 'hello', token }))
  return Buffer.concat([Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]), payload])
}
