import { env } from '@paxyo/service-kit'
import ipaddr from 'ipaddr.js'

/** Where refunds are told to the panel, if anywhere. */
export const outgoingWebhookVariables = {
  OUTGOING_WEBHOOK_URL: env.url('https', 'http').optional(),
  /** Standard Webhooks secrets; each signs, so that the panel may change from one to the other at its leisure. */
  OUTGOING_WEBHOOK_SECRET: env.webhookSecrets.optional(),
  /** For a panel on a private network, and for one without TLS. */
  OUTGOING_WEBHOOK_ALLOW_PRIVATE: env.text
    .refine((value) => value === 'true' || value === 'false', { error: 'must be true or false' })
    .transform((value) => value === 'true')
    .default(false),
}

/** Where to send webhooks, and how to sign them. */
export interface OutgoingWebhookTarget {
  readonly url: string
  readonly keys: readonly Buffer[]
  /** Whether http and addresses that are not public are allowed. Without it only https, or this machine itself. */
  readonly allowPrivate: boolean
}

interface Values {
  readonly OUTGOING_WEBHOOK_URL?: string | undefined
  readonly OUTGOING_WEBHOOK_SECRET?: readonly Buffer[] | undefined
  readonly OUTGOING_WEBHOOK_ALLOW_PRIVATE: boolean
}

/** @returns undefined when nothing is configured, and nothing is sent then. */
export function outgoingWebhookTarget(config: Values): OutgoingWebhookTarget | undefined {
  const {
    OUTGOING_WEBHOOK_URL: url,
    OUTGOING_WEBHOOK_SECRET: keys,
    OUTGOING_WEBHOOK_ALLOW_PRIVATE: allowPrivate,
  } = config
  return url === undefined || keys === undefined ? undefined : { url, keys, allowPrivate }
}

/** What is wrong between the variables. */
export function outgoingWebhookProblems(raw: Readonly<Record<string, string | undefined>>): readonly string[] {
  const { OUTGOING_WEBHOOK_URL: text, OUTGOING_WEBHOOK_SECRET: secret, OUTGOING_WEBHOOK_ALLOW_PRIVATE: allow } = raw
  if (text === undefined) return secret === undefined ? [] : ['OUTGOING_WEBHOOK_SECRET is of no use without its URL']
  const problems = secret === undefined ? ['OUTGOING_WEBHOOK_SECRET is required when OUTGOING_WEBHOOK_URL is set'] : []
  if (!URL.canParse(text)) return problems

  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    problems.push('OUTGOING_WEBHOOK_URL must not hold a password: webhooks are signed')
  }
  if (allow === 'true' || isThisMachine(url.hostname)) return problems
  const unless = 'unless OUTGOING_WEBHOOK_ALLOW_PRIVATE is true'
  if (url.protocol !== 'https:') problems.push(`OUTGOING_WEBHOOK_URL must begin with https:// ${unless}`)
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (ipaddr.isValid(literal) && !isPublicAddress(literal)) {
    problems.push(`OUTGOING_WEBHOOK_URL must lead to a public address ${unless}`)
  }
  return problems
}

export function isThisMachine(hostname: string): boolean {
  const literal = hostname.replace(/^\[|\]$/g, '')
  return hostname === 'localhost' || (ipaddr.isValid(literal) && isLoopbackAddress(literal))
}

export function isPublicAddress(address: string): boolean {
  // IPv4 inside IPv6 counts as what it is.
  return ipaddr.process(address).range() === 'unicast'
}

export function isLoopbackAddress(address: string): boolean {
  return ipaddr.process(address).range() === 'loopback'
}
