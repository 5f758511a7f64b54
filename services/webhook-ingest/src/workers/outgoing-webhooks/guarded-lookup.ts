import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isLoopbackAddress, isPublicAddress, isThisMachine } from './outgoing-webhook-config.ts'

/**
 * Looks a name up for a connection and refuses addresses that it must not lead to. The check is on the very addresses
 * that are then connected to, so a name that changes its mind after a check gets nowhere.
 */
export function guardedLookup(hostname: string, allowPrivate: boolean): LookupFunction | undefined {
  if (allowPrivate) return undefined
  const isAllowed = isThisMachine(hostname) ? isLoopbackAddress : isPublicAddress
  return (name, options: LookupOptions, callback) => {
    dnsLookup(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '')
      const allowed = addresses.filter(({ address }) => isAllowed(address))
      if (allowed.length === 0) return callback(new Error(`${name} leads to no public address`), '')
      answer(options, allowed, callback)
    })
  }
}

function answer(
  { all }: LookupOptions,
  addresses: readonly LookupAddress[],
  callback: Parameters<LookupFunction>[2],
): void {
  if (all === true) callback(null, [...addresses])
  else callback(null, addresses[0]!.address, addresses[0]!.family)
}
