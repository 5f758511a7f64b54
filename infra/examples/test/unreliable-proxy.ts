import { createServer, request as send, type IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../chaos/random.ts'

/** What happens to a part of the requests. */
const FAULT_SHARE = 0.3
const DELAY_MS_MAX = 30
/** Requests that it may repeat later, after newer ones. */
const KEPT_MAX = 200
const FORWARD_TIMEOUT_MS = 20_000

/** A network between Paxyo and a panel that loses, repeats and reorders requests and responses. Each fault happens once first. */
export interface UnreliableProxy extends AsyncDisposable {
  readonly url: string
  /** Whether it does harm. */
  isHostile: boolean
  /** How often it did what. */
  readonly counts: Readonly<Record<string, number>>
}

interface Request {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export async function startUnreliableProxy(targetUrl: string, random: Random): Promise<UnreliableProxy> {
  const kept: Request[] = []
  const counts: Record<string, number> = {}
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1)

  async function forward(request: Request): Promise<number> {
    const status = await post(targetUrl, request)
    count(`panel responded ${status}`)
    return status
  }
  const faults: Readonly<Record<string, (request: Request) => Promise<number>>> = {
    'failed before the panel': () => Promise.resolve(500),
    'response lost': async (request) => {
      await forward(request)
      return 500
    },
    'delivered twice at once': async (request) => {
      const [first] = await Promise.all([forward(request), forward(request)])
      return first
    },
    'older request repeated': async (request) => {
      const status = await forward(request)
      await forward(random.pick(kept))
      return status
    },
    delayed: async (request) => {
      await sleep(random.below(DELAY_MS_MAX))
      return forward(request)
    },
  }

  async function handle(request: Request): Promise<number> {
    if (!proxy.isHostile) return forward(request)
    if (kept.push(request) > KEPT_MAX) kept.splice(random.below(KEPT_MAX), 1)
    if (!random.chance(FAULT_SHARE)) return forward(request)
    const names = Object.keys(faults)
    const missing = names.filter((name) => !(name in counts))
    const name = random.pick(missing.length > 0 ? missing : names)
    count(name)
    return faults[name]!(request)
  }

  const server = createServer((incoming, response) => {
    void buffer(incoming)
      .then((body) => handle({ path: incoming.url!, headers: incoming.headers, body }))
      .then((status) => response.writeHead(status).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: UnreliableProxy = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    isHostile: true,
    counts,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

/** @returns the status; 502 when the panel's server is down. */
function post(targetUrl: string, { path, headers, body }: Request): Promise<number> {
  return new Promise((resolve) => {
    const options = { method: 'POST', headers, agent: false, timeout: FORWARD_TIMEOUT_MS }
    const outgoing = send(new URL(path, targetUrl), options, (response) => {
      response.resume().once('close', () => resolve(response.statusCode!))
    })
    outgoing.once('timeout', () => outgoing.destroy())
    outgoing.once('error', () => resolve(502))
    outgoing.end(body)
  })
}
