import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const CHECK_INTERVAL_MS = 200
/** More would only fill the kernel's queue. */
const OPENED_AT_ONCE = 200

/**
 * Keeps a number of WebSockets open that say nothing. The gateway closes each at its deadline, and another one is opened.
 *
 * @returns how many were opened.
 */
export async function holdSockets(url: string, count: number, isOver: () => boolean): Promise<number> {
  const sockets = new Set<Socket>()
  let opened = 0
  while (!isOver()) {
    for (let missing = Math.min(count - sockets.size, OPENED_AT_ONCE); missing > 0; missing -= 1) {
      open(url, sockets)
      opened += 1
    }
    await sleep(CHECK_INTERVAL_MS)
  }
  for (const socket of sockets) socket.destroy()
  return opened
}

function open(url: string, sockets: Set<Socket>): void {
  const { hostname, port } = new URL(url)
  const key = randomBytes(16).toString('base64')
  const socket = connect(Number(port), hostname)
  sockets.add(socket)
  socket.on('error', () => undefined)
  socket.once('close', () => sockets.delete(socket))
  socket.resume()
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  )
}
