import ipaddr from 'ipaddr.js'

/** Which addresses webhooks may be sent to, besides public ones with TLS and this machine by its own name. */
export interface AddressRules {
  /** `http` and private addresses. */
  readonly allowPrivate: boolean
  /** Names that resolve to an address of this machine: for an installation that only this machine can reach. */
  readonly allowLoopback: boolean
}

/** @returns what is wrong with a URL, without looking it up; undefined when nothing is. */
export function urlProblem(text: string, { allowPrivate, allowLoopback }: AddressRules): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://'
  if (url.username !== '' || url.password !== '') return 'must not contain a password: webhooks are signed'
  if (allowPrivate || isThisMachine(url.hostname)) return undefined
  const unless = 'unless OUTGOING_WEBHOOK_ALLOW_PRIVATE is true'
  // The name may be one of this machine, which the lookup finds out.
  if (url.protocol !== 'https:' && !allowLoopback) return `must begin with https:// ${unless}`
  const literal = withoutBrackets(url.hostname)
  if (ipaddr.isValid(literal) && !isPublicAddress(literal)) return `must be a public address ${unless}`
  return undefined
}

/** Whether a name in a URL may lead to an address. */
export function isAllowedAddress(url: URL, address: string, { allowPrivate, allowLoopback }: AddressRules): boolean {
  if (allowPrivate) return true
  if (isThisMachine(url.hostname)) return isLoopbackAddress(address)
  if (allowLoopback && isLoopbackAddress(address)) return true
  return url.protocol === 'https:' && isPublicAddress(address)
}

export function isThisMachine(hostname: string): boolean {
  const literal = withoutBrackets(hostname)
  return hostname === 'localhost' || (ipaddr.isValid(literal) && isLoopbackAddress(literal))
}

export function isLoopbackAddress(address: string): boolean {
  return ipaddr.process(address).range() === 'loopback'
}

const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR('::/96')

function isPublicAddress(address: string): boolean {
  // `process` unwraps IPv4 addresses in IPv6 notation, except for the deprecated one without ffff (RFC 4291, 2.5.5.1).
  const processed = ipaddr.process(address)
  return processed.range() === 'unicast' && !(processed instanceof ipaddr.IPv6 && processed.match(IPV4_COMPATIBLE))
}

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')
