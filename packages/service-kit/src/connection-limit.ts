import ipaddr from 'ipaddr.js'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { addressGroup, isNear } from './address.ts'

/** Connections of one address at a time; a gateway accepts as many WebSockets of it. */
const CONNECTIONS_PER_ADDRESS_MAX = 1_000

export interface ConnectionLimit {
  /** Whether an address may have any number of connections. */
  isExempt(address: string): boolean
  /** Counts a connection. @returns false, without counting it, when its address has too many. */
  add(address: string): boolean
  remove(address: string): void
}

/**
 * Creates a limit of the connections of one address: IPv4, or the /64 of IPv6. Addresses of this machine and of private
 * networks, and those that are trusted as proxies, are exempt: all clients are behind them.
 */
export function createConnectionLimit(
  trustProxy: boolean | string,
  max: number = CONNECTIONS_PER_ADDRESS_MAX,
): ConnectionLimit {
  const counts = new Map<string, number>()
  const isProxy = createProxyCheck(trustProxy)
  const isExempt = (address: string): boolean => isNear(address) || isProxy(address)
  return {
    isExempt,
    add(address) {
      if (isExempt(address)) return true
      const group = addressGroup(address)
      const count = counts.get(group) ?? 0
      if (count >= max) return false
      counts.set(group, count + 1)
      return true
    },
    remove(address) {
      if (isExempt(address)) return
      const group = addressGroup(address)
      const count = counts.get(group) ?? 0
      if (count > 1) counts.set(group, count - 1)
      else counts.delete(group)
    },
  }
}

function createProxyCheck(trustProxy: boolean | string): (address: string) => boolean {
  if (typeof trustProxy === 'boolean') return () => trustProxy
  const networks = trustProxy.split(',').map((text) => toNetwork(text.trim()))
  return (text) => {
    if (!ipaddr.isValid(text)) return false
    const address = ipaddr.process(text)
    return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
  }
}

function toNetwork(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** Cuts off the connections of an address that has too many. */
export function limitConnections(server: Server, limit: ConnectionLimit): void {
  server.prependListener('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    // Behind a proxy these are all of them, and a listener is 250 bytes for as long as a client is connected.
    if (limit.isExempt(address)) return
    if (!limit.add(address)) return void socket.destroy()
    socket.once('close', () => limit.remove(address))
  })
}
