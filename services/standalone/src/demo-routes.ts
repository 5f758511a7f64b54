import type { DemoRoutes } from './demo.ts'

const TIMEOUT_MS = 15_000
/** Addresses that mean "all of this machine's" to whoever listens, and nothing to whoever calls. */
const LOOPBACK_BY_WILDCARD: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }

/** Where this process reaches itself over HTTP, as those who are played in the demo do. */
export function ownAddress(host: string, port: number): string {
  const name = LOOPBACK_BY_WILDCARD[host] ?? (host.includes(':') ? `[${host}]` : host)
  return `http://${name}:${port}`
}

export function createDemoRoutes(address: string): DemoRoutes {
  return {
    async post(path, body, headers = {}) {
      const response = await fetch(`${address}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      if (response.ok) return void (await response.arrayBuffer())
      // Not the whole answer's address: it may hold the token.
      throw new Error(`the demo's request was answered ${response.status}: ${await response.text()}`)
    },
  }
}
