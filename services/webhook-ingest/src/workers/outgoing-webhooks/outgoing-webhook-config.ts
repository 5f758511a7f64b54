import { env } from '@paxyo/service-kit'
import ipaddr from 'ipaddr.js'

/** Settings of outgoing webhooks. Without a URL, none are sent. */
export const outgoingWebhookVariables = {
  OUTGOING_WEBHOOK_URL: env.url('https', 'http').optional(),
  /** Standard Webhooks secrets. Each of them signs, so the panel can rotate its secret at any time. */
  OUTGOING_WEBHOOK_SECRET: env.webhookSecrets.optional(),
  /** Allows a panel on a private network, and one without TLS. */
  OUTGOING_WEBHOOK_ALLOW_PRIVATE: env.text
    .refine((value) => value === 'true' || value === 'false', { error: 'must be true or false' })
    .transform((value) => value === 'true')
    .default(false),
}

/** The destination of webhooks and the keys that sign them. */
export interface OutgoingWebhookTarget {
  readonly url: string
  readonly keys: readonly Buffer[]
  /** Whether http and private addresses are allowed. Otherwise only https is, or this machine. */
  readonly allowPrivate: boolean
}

interface Values {
  readonly OUTGOING_WEBHOOK_URL?: string | undefined
  readonly OUTGOING_WEBHOOK_SECRET?: readonly Buffer[] | undefined
  readonly OUTGOING_WEBHOOK_ALLOW_PRIVATE: boolean
}

/** @returns undefined when no URL is configured; no webhooks are sent then. */
export function outgoingWebhookTarget(config: Values): OutgoingWebhookTarget | undefined {
  const {
    OUTGOING_WEBHOOK_URL: url,
    OUTGOING_WEBHOOK_SECRET: keys,
    OUTGOING_WEBHOOK_ALLOW_PRIVATE: allowPrivate,
  } = config
  return url === undefined || keys === undefined ? undefined : { url, keys, allowPrivate }
}

/** Problems of variables in combination. */
export function outgoingWebhookProblems(raw: Readonly<Record<string, string | undefined>>): readonly string[] {
  const { OUTGOING_WEBHOOK_URL: text, OUTGOING_WEBHOOK_SECRET: secret, OUTGOING_WEBHOOK_ALLOW_PRIVATE: allow } = raw
  if (text === undefined) return secret === undefined ? [] : ['OUTGOING_WEBHOOK_SECRET requires OUTGOING_WEBHOOK_URL']
  const problems = secret === undefined ? ['OUTGOING_WEBHOOK_SECRET is required when OUTGOING_WEBHOOK_URL is set'] : []
  if (!URL.canParse(text)) return problems

  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    problems.push('OUTGOING_WEBHOOK_URL must not contain a password: webhooks are signed')
  }
  if (allow === 'true' || isThisMachine(url.hostname)) return problems
  const unless = 'unless OUTGOING_WEBHOOK_ALLOW_PRIVATE is true'
  if (url.protocol !== 'https:') problems.push(`OUTGOING_WEBHOOK_URL must begin with https:// ${unless}`)
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (ipaddr.isValid(literal) && !isPublicAddress(literal)) {
    problems.push(`OUTGOING_WEBHOOK_URL must be a public address ${unless}`)
  }
  return problems
}

export function isThisMachine(hostname: string): boolean {
  const literal = hostname.replace(/^\[|\]$/g, '')
  return hostname === 'localhost' || (ipaddr.isValid(literal) && isLoopbackAddress(literal))
}

const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR('::/96')

export function isPublicAddress(address: string): boolean {
  // `process` unwraps IPv4 addresses in IPv6 notation, except for the deprecated one without ffff (RFC 4291, 2.5.5.1).
  const processed = ipaddr.process(address)
  return processed.range() === 'unicast' && !(processed instanceof ipaddr.IPv6 && processed.match(IPV4_COMPATIBLE))
}

export function isLoopbackAddress(address: string): boolean {
  return ipaddr.process(address).range() === 'loopback'
}
