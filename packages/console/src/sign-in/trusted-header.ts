import { createAllowList } from '@paxyo/service-kit'
import type { FastifyRequest } from 'fastify'
import { isUtf8 } from 'node:buffer'

export interface TrustedHeaderSettings {
  /** Its name, such as `x-forwarded-user`. */
  readonly header: string
  /** Addresses and networks of the proxies that set it, and remove it from what their clients send. */
  readonly proxies: readonly string[]
}

/** The name of a person, from the header of a single sign-on proxy. */
export interface TrustedHeader {
  /** @returns undefined without the header, and when another sender has set it. */
  nameOf(request: FastifyRequest): string | undefined
}

const NAME_LENGTH_MAX = 60

/**
 * Creates the reader of the header. The sender is that of the connection: `X-Forwarded-For` says nothing about it.
 *
 * @param onIgnored called for a request that has the header and does not come from such a proxy.
 */
export function createTrustedHeader(
  { header, proxies }: TrustedHeaderSettings,
  onIgnored: (request: FastifyRequest) => void,
): TrustedHeader {
  const isProxy = createAllowList(proxies)
  const key = header.toLowerCase()
  return {
    nameOf(request) {
      const value = request.headers[key]
      if (value === undefined) return undefined
      if (!isProxy(request.socket.remoteAddress ?? '')) {
        onIgnored(request)
        return undefined
      }
      // Two values would be those of two senders.
      const name = typeof value === 'string' ? decode(value).trim() : ''
      return name === '' || name.length > NAME_LENGTH_MAX ? undefined : name
    },
  }
}

/** Node reads headers as Latin-1; proxies send names as UTF-8. */
function decode(value: string): string {
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : value
}

/** As the database compares the names of operators. */
export const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()
