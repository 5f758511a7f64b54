import { lookup } from 'node:dns/promises'
import { createSecureContext } from 'node:tls'
import type { Logger } from 'pino'
import { isAllowedAddress, isLoopbackAddress, urlProblem, type AddressRules } from './address-rules.ts'
import type { OutgoingWebhookSettings } from './outgoing-webhook-config.ts'

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

/** Logs what is wrong with the address of the environment's endpoint: the start does not wait for a name server. */
export async function warnOfAddress(
  { endpoint, rules }: OutgoingWebhookSettings,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  if (endpoint === undefined) return
  const problem = await addressProblem({ url: endpoint.url, ca: null, isInsecure: false }, rules)
  if (problem !== undefined)
    log.warn({ variable: 'OUTGOING_WEBHOOK_URL', problem }, 'outgoing webhook address unusable')
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
