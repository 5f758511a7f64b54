/** Addresses that mean "all of this machine's" to whoever listens, and nothing to whoever calls. */
const LOOPBACK_BY_WILDCARD: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }

/** Where this process reaches itself over HTTP, as those who are played in the demo do. */
export function ownAddress(host: string, port: number): string {
  const name = LOOPBACK_BY_WILDCARD[host] ?? (host.includes(':') ? `[${host}]` : host)
  return `http://${name}:${port}`
}
