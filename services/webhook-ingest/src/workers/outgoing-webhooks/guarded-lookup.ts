import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isAllowedAddress, type AddressRules } from './address-rules.ts'

/**
 * Resolves the host of a connection and rejects addresses that are not allowed. The check covers the addresses that the
 * connection then uses, so changing the DNS record between check and connection does not bypass it.
 */
export function guardedLookup(url: URL, rules: AddressRules): LookupFunction | undefined {
  if (rules.allowPrivate) return undefined
  return (name, options: LookupOptions, callback) => {
    dnsLookup(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '')
      const allowed = addresses.filter(({ address }) => isAllowedAddress(url, address, rules))
      if (allowed.length === 0) return callback(new Error(`${name} does not resolve to an allowed address`), '')
      respond(options, allowed, callback)
    })
  }
}

function respond(
  { all }: LookupOptions,
  addresses: readonly LookupAddress[],
  callback: Parameters<LookupFunction>[2],
): void {
  if (all === true) callback(null, [...addresses])
  else callback(null, addresses[0]!.address, addresses[0]!.family)
}
