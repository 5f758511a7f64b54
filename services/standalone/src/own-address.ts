import { networkInterfaces } from 'node:os'

/** Addresses that mean "all interfaces" for a server and nothing for a client. */
const LOOPBACK_BY_WILDCARD: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

type Scheme = 'http' | 'https'

/** The address at which the demo's provider and panel reach this process. */
export function ownAddress(host: string, port: number): string {
  return origin(LOOPBACK_BY_WILDCARD[host] ?? host, port)
}

/** The origins of this process's pages. Behind a host name or a proxy they differ: see `ALLOWED_ORIGINS`. */
export function ownOrigins(host: string, port: number, scheme: Scheme = 'http'): string[] {
  const isWildcard = host in LOOPBACK_BY_WILDCARD
  const addresses = isWildcard ? Object.values(networkInterfaces()).flatMap((all = []) => all) : []
  const hosts = isWildcard ? addresses.map(({ address }) => address) : [host]
  return [...new Set(['localhost', ...hosts])].map((name) => origin(name, port, scheme))
}

/** As browsers send it: without the port when it is the scheme's default. */
function origin(name: string, port: number, scheme: Scheme = 'http'): string {
  return new URL(`${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`).origin
}

/** Whether a server at this address is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
