import { hash, timingSafeEqual } from 'node:crypto'

/**
 * Creates a check whether a text is one of several secrets, in a time that does not depend on them.
 *
 * @example
 * const isKey = createSecretSet(['an-old-key', 'a-new-key'])
 * isKey('a-new-key') //=> true
 * isKey('another') //=> false
 */
export function createSecretSet(secrets: readonly string[]): (given: string | undefined) => boolean {
  const digests = secrets.map(digest)
  return (given) => {
    if (given === undefined) return false
    const candidate = digest(given)
    return digests.filter((known) => timingSafeEqual(known, candidate)).length > 0
  }
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

/**
 * The token of an `Authorization: Bearer …` header.
 *
 * @example
 * bearerToken('Bearer a-token') //=> 'a-token'
 * bearerToken('Basic YTpi') //=> undefined
 */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
}
