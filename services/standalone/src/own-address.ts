import { networkInterfaces } from 'node:os'

/** Addresses that mean "all of this machine's" to whoever listens, and nothing to whoever calls. */
const LOOPBACK_BY_WILDCARD: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Where this process reaches itself over HTTP, as those who are played in the demo do. */
export function ownAddress(host: string, port: number): string {
  return origin(LOOPBACK_BY_WILDCARD[host] ?? host, port)
}

/** The origins of pages that this process serves itself. Behind a name or a proxy they are others: `ALLOWED_ORIGINS`. */
export function ownOrigins(host: string, port: number): string[] {
  const isWildcard = host in LOOPBACK_BY_WILDCARD
  const addresses = isWildcard ? Object.values(networkInterfaces()).flatMap((all = []) => all) : []
  const hosts = isWildcard ? addresses.map(({ address }) => address) : [host]
  return [...new Set(['localhost', ...hosts])].map((name) => origin(name, port))
}

/** As browsers write it: without the port where that is the scheme's own. */
function origin(name: string, port: number): string {
  return new URL(`http://${name.includes(':') ? `[${name}]` : name}:${port}`).origin
}
