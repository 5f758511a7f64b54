import { hash, timingSafeEqual } from 'node:crypto'

/**
 * Creates a check whether a text is one of several secrets, in a time that does not depend on them.
 *
 * @example
 * const isKey = createSecretSet(['an-old-key', 'a-new-key'])
 * isKey('a-new-key') //=> true
 * isKey('another') //=> false
 *
 * @param onMatch called with the place of the secret.
 */
export function createSecretSet(
  secrets: readonly string[],
  onMatch: (place: number) => void = () => undefined,
): (given: string | undefined) => boolean {
  const digests = secrets.map(digest)
  return (given) => {
    if (given === undefined) return false
    const candidate = digest(given)
    let place = -1
    // Each is compared, also after a match.
    for (const [index, known] of digests.entries()) if (timingSafeEqual(known, candidate)) place = index
    if (place >= 0) onMatch(place)
    return place >= 0
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
