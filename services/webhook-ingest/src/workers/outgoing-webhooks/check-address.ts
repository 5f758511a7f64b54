import { lookup } from 'node:dns/promises'
import { createSecureContext } from 'node:tls'
import { isAllowedAddress, isLoopbackAddress, urlProblem, type AddressRules } from './address-rules.ts'

interface CheckedTarget {
  readonly url: string
  readonly ca: string | null
  readonly isInsecure: boolean
}

/** @returns what is wrong with where webhooks are to be sent, also after a lookup; undefined when nothing is. */
export async function addressProblem(
  { url: text, ca, isInsecure }: CheckedTarget,
  rules: AddressRules,
): Promise<string | undefined> {
  const problem = urlProblem(text, rules) ?? caProblem(ca)
  if (problem !== undefined) return problem
  const url = new URL(text)
  const addresses = await addressesOf(url.hostname)
  if (addresses === undefined) return `${url.hostname} does not resolve`
  if (!addresses.some((address) => isAllowedAddress(url, address, rules))) {
    return `${url.hostname} does not resolve to an allowed address`
  }
  if (isInsecure && !addresses.every(isLoopbackAddress)) return 'isInsecure is only for an address of this machine'
  return undefined
}

async function addressesOf(hostname: string): Promise<string[] | undefined> {
  try {
    const found = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true })
    return found.map(({ address }) => address)
  } catch {
    return undefined
  }
}

function caProblem(ca: string | null): string | undefined {
  if (ca === null) return undefined
  try {
    createSecureContext({ ca })
    return ca.includes('-----BEGIN CERTIFICATE-----') ? undefined : 'ca must be a certificate, PEM'
  } catch {
    return 'ca must be a certificate, PEM'
  }
}
