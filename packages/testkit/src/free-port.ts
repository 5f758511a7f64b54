import { createServer } from 'node:net'

// Below the ports that the kernel assigns to outgoing connections and to servers that listen on any port: none of those
// can take a port between the check and the listening, or while a killed server restarts.
const FIRST_PORT = 12_000
const LAST_PORT = 31_999

/** Jest's workers choose at the same time: each has its own range. */
const RANGE = 5_000
const RANGES = Math.floor((LAST_PORT + 1 - FIRST_PORT) / RANGE)
const first = FIRST_PORT + (Number(process.env['JEST_WORKER_ID'] ?? 0) % RANGES) * RANGE

/** Starts at a random port, so that concurrent runs seldom collide; then no port is returned twice. */
let next = Math.floor(Math.random() * RANGE)

/** A currently free port of the loopback address, which no other caller receives. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < RANGE; tried += 1) {
    next = (next + 1) % RANGE
    const port = first + next
    if (await canListen(port)) return port
  }
  throw new Error(`no port from ${first} to ${first + RANGE - 1} is free`)
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
