import { createServer } from 'node:net'

// Below the ports that the kernel gives away by itself, to outgoing connections and to whoever listens on any: none of
// those can take a port between our looking and somebody's listening, or while a server that is killed comes back.
const FIRST_PORT = 12_000
const LAST_PORT = 31_999

/** Jest's workers choose at the same time: each has a range of its own. */
const RANGE = 5_000
const RANGES = Math.floor((LAST_PORT + 1 - FIRST_PORT) / RANGE)
const first = FIRST_PORT + (Number(process.env['JEST_WORKER_ID'] ?? 0) % RANGES) * RANGE

/** Begins anywhere, so that runs beside each other seldom meet; then no port comes twice. */
let next = Math.floor(Math.random() * RANGE)

/** A port of the loopback address that nobody listens on at this moment, and that nobody else is given. */
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
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
