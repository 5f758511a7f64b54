import { isNear } from '@paxyo/service-kit'
import { parseCookie, stringifySetCookie } from 'cookie'
import type { FastifyRequest } from 'fastify'

/** How long a session lasts. */
export const SESSION_SECONDS = 12 * 3_600

const SECURE_NAME = '__Host-paxyo_console'
/** Browsers do not keep a secure cookie of a page without TLS; on this machine no one listens in. */
const LOOPBACK_NAME = 'paxyo_console'

const SECURE_CHALLENGE_NAME = '__Host-paxyo_passkey'
const LOOPBACK_CHALLENGE_NAME = 'paxyo_passkey'
const CHALLENGE_SECONDS = 300

const TOKEN = /^[\w-]{43}$/

/** The header that a page of another site cannot send. */
const OWN_HEADER = 'x-paxyo-console'

/** Whether the request came from this machine, without a proxy, to a page of this machine. */
export function isOfThisMachine({ hostname, ip, headers, protocol }: FastifyRequest): boolean {
  const isRelayed = headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined
  const isLoopback = ip === '::1' || /^(?:::ffff:)?127\./.test(ip)
  return protocol === 'http' && !isRelayed && isLoopback && /^(?:localhost|127\.[\d.]+|\[?::1\]?)$/.test(hostname)
}

/** The token of the request's session; undefined when it has none. */
export function sessionToken(request: FastifyRequest): string | undefined {
  return tokenNamed(request, isOfThisMachine(request) ? LOOPBACK_NAME : SECURE_NAME)
}

/** The token of a browser that signs in with a passkey. */
export function challengeToken(request: FastifyRequest): string | undefined {
  return tokenNamed(request, isOfThisMachine(request) ? LOOPBACK_CHALLENGE_NAME : SECURE_CHALLENGE_NAME)
}

function tokenNamed({ headers }: FastifyRequest, name: string): string | undefined {
  const token = parseCookie(headers.cookie ?? '')[name]
  return token !== undefined && TOKEN.test(token) ? token : undefined
}

/** The `Set-Cookie` header that starts a session, or ends it without a token. */
export function sessionCookie(request: FastifyRequest, token: string | undefined): string {
  const name = isOfThisMachine(request) ? LOOPBACK_NAME : SECURE_NAME
  return cookieOf(request, name, token ?? '', token === undefined ? 0 : SESSION_SECONDS)
}

/** The `Set-Cookie` header that binds a challenge to a browser. */
export function challengeCookie(request: FastifyRequest, token: string): string {
  const name = isOfThisMachine(request) ? LOOPBACK_CHALLENGE_NAME : SECURE_CHALLENGE_NAME
  return cookieOf(request, name, token, CHALLENGE_SECONDS)
}

function cookieOf(request: FastifyRequest, name: string, value: string, maxAge: number): string {
  const secure = !isOfThisMachine(request)
  return stringifySetCookie({ name, value, path: '/', maxAge, httpOnly: true, sameSite: 'strict', secure })
}

/**
 * Whether a request that changes something comes from the console's own page. A page of another site can neither set the
 * header without permission, which the service never gives, nor hide its origin.
 */
export function isFromOwnPage({ method, headers, host }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return true
  const { origin, 'sec-fetch-site': site } = headers
  if (headers[OWN_HEADER] !== '1') return false
  if (site !== undefined && site !== 'same-origin') return false
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
}

/** Whether the browser would keep the session: with TLS, or on this machine. */
export function canKeepSession(request: FastifyRequest): boolean {
  return request.protocol === 'https' || isOfThisMachine(request) || isRelayedNearby(request)
}

/** A nearby proxy that `TRUST_PROXY` does not name may speak TLS. */
const isRelayedNearby = ({ ip, headers }: FastifyRequest): boolean =>
  isNear(ip) && headers['x-forwarded-proto'] === 'https'
