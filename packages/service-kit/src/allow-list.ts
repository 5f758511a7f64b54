import ipaddr from 'ipaddr.js'

/**
 * Creates a check whether an address is in one of several networks.
 *
 * @param cidrs addresses and networks.
 * @example
 * const isAllowed = createAllowList(['192.0.2.0/24', '2001:db8::1'])
 * isAllowed('::ffff:192.0.2.7') //=> true
 * isAllowed('198.51.100.1') //=> false
 */
export function createAllowList(cidrs: readonly string[]): (address: string) => boolean {
  const networks = cidrs.map((cidr) => {
    if (cidr.includes('/')) return ipaddr.parseCIDR(cidr)
    const address = ipaddr.process(cidr)
    return [address, address.kind() === 'ipv4' ? 32 : 128] as [ipaddr.IPv4 | ipaddr.IPv6, number]
  })
  return (text) => {
    if (!ipaddr.isValid(text)) return false
    // IPv4 addresses arrive as ::ffff:… on a dual-stack socket.
    const address = ipaddr.process(text)
    return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
  }
}
