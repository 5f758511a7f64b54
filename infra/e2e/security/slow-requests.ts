import { connect } from 'node:net'
import { repeatAttempt, type AttackOptions, type AttackResult } from './attack.ts'

/** Each takes as long as a service waits. */
const CONCURRENT_MAX = 300
const BYTE_INTERVAL_MS = 1_000
/** A service waits for 10 seconds for a head, and for 15 for a request; one that is busy notices it later. */
const HELD_MS_MAX = 60_000

/** Requests that never end, because they come byte by byte: each must lose its connection at the service's deadline. */
export function attackWithSlowRequests(options: AttackOptions): Promise<AttackResult> {
  const { target, random } = options
  return repeatAttempt('slow HTTP', CONCURRENT_MAX, options, async (tally) => {
    const beginning = random.pick(BEGINNINGS)
    const outcome = await sendSlowly(random.pick([target.ingestUrl, target.gatewayUrl]), beginning)
    tally.count(outcome)
    if (outcome === 'held' || outcome.startsWith('2')) tally.violated(`${outcome} for ${JSON.stringify(beginning)}`)
  })
}

const HOST = 'Host: localhost\r\n'
const BEGINNINGS = [
  `GET /v1/orders HTTP/1.1\r\n${HOST}X-Slow: `,
  `GET /ws HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nX-Slow: `,
  `POST /v1/orders HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"`,
  `POST /webhooks/godofpanel/x HTTP/1.1\r\n${HOST}Content-Length: 60000\r\n\r\n{"`,
  `POST /webhooks/godofpanel/x HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nffff\r\n{"`,
  `POST /stream HTTP/1.1\r\n${HOST}Content-Length: 10000\r\n\r\n{"`,
]

/** @returns the status of the response, or that the service has disconnected without one, or `held`. */
function sendSlowly(url: string, beginning: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    let received = ''
    const socket = connect(Number(port), hostname, () => socket.write(beginning))
    const drip = setInterval(() => socket.write('x'), BYTE_INTERVAL_MS)
    const deadline = setTimeout(() => finish('held'), HELD_MS_MAX)
    const finish = (outcome: string): void => {
      clearInterval(drip)
      clearTimeout(deadline)
      socket.destroy()
      resolve(outcome)
    }
    socket.on('data', (chunk) => (received += chunk.toString('latin1')))
    // It may write to a connection that is closed already.
    socket.on('error', () => undefined)
    socket.on('close', () => finish(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 'disconnected'))
  })
}
