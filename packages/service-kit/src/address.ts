import ipaddr from 'ipaddr.js'

/** What the limits of connections and of failures need to know of an address. */
interface AddressFacts {
  readonly group: string
  readonly isLoopback: boolean
  readonly isNear: boolean
}

const NEAR_RANGES: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat'])
const KNOWN_MAX = 10_000

/** Parsing takes 2 µs, and a connection needs the facts of its address five times. */
const known = new Map<string, AddressFacts>()

function factsOf(text: string): AddressFacts {
  const before = known.get(text)
  if (before !== undefined) return before
  if (known.size >= KNOWN_MAX) known.clear()
  const facts = parseFacts(text)
  known.set(text, facts)
  return facts
}

function parseFacts(text: string): AddressFacts {
  if (!ipaddr.isValid(text)) return { group: text, isLoopback: false, isNear: false }
  const address = ipaddr.process(text)
  const range = address.range()
  const group =
    address.kind() === 'ipv4'
      ? address.toString()
      : `${ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/64`).toString()}/64`
  return { group, isLoopback: range === 'loopback', isNear: NEAR_RANGES.has(range) }
}

/**
 * What identifies one client: its IPv4 address, or the /64 of its IPv6 address, which one client has as a whole.
 *
 * @example
 * addressGroup('192.0.2.1') //=> '192.0.2.1'
 */
export const addressGroup = (address: string): string => factsOf(address).group

/**
 * Whether an address is that of this machine or of a private network, where a proxy may be.
 *
 * @example
 * isNear('10.0.0.7') //=> true
 * isNear('203.0.113.7') //=> false
 */
export const isNear = (address: string): boolean => factsOf(address).isNear

/**
 * Whether an address is that of this machine.
 *
 * @example
 * isLoopback('::ffff:127.0.0.1') //=> true
 */
export const isLoopback = (address: string): boolean => factsOf(address).isLoopback
