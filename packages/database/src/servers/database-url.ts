/** A database that one or several servers have: a primary and its standbys. */
export interface DatabaseAddress {
  /** A connection string for each server, in the order of the address. */
  readonly urls: readonly string[]
  /** Whether it asks for the primary (`target_session_attrs`): also a single name may lead to another server after a failover. */
  readonly asksForPrimary: boolean
}

/** An address is wrong; the message is the reason and never repeats the address, which may contain a password. */
export class DatabaseUrlError extends Error {}

const PARTS = /^(postgres(?:ql)?:)\/\/([^/?#]*)(.*)$/s
/** What `target_session_attrs` may be: every part of this system needs the primary. */
const PRIMARY_ATTRIBUTES: ReadonlySet<string> = new Set(['read-write', 'primary'])

/**
 * Parses an address of PostgreSQL, which may name several servers, as libpq accepts it. All have the same user, password
 * and database; the one that accepts writes is used.
 *
 * @throws DatabaseUrlError
 * @example
 * parseDatabaseUrl('postgres://me@one:5432,two/paxyo').urls //=> ['postgres://me@one:5432/paxyo', 'postgres://me@two/paxyo']
 */
export function parseDatabaseUrl(address: string): DatabaseAddress {
  const parts = PARTS.exec(address)
  if (parts === null) throw new DatabaseUrlError('must be an address that begins with postgres:// or postgresql://')
  const [, protocol = '', authority = '', rest = ''] = parts
  const hostsFrom = authority.lastIndexOf('@') + 1
  const login = authority.slice(0, hostsFrom)
  const hosts = authority.slice(hostsFrom).split(',')
  if (hosts.length > 1 && hosts.includes('')) throw new DatabaseUrlError('must not have an empty name between commas')
  return {
    urls: hosts.map((host) => withoutAttributes(`${protocol}//${login}${host}${rest}`)),
    asksForPrimary: /[?&]target_session_attrs=/.test(rest),
  }
}

/**
 * The names of an address's servers, without its password.
 *
 * @example
 * serversOf('postgres://me:secret@one:5432,two:5432/paxyo') //=> ['one:5432', 'two:5432']
 */
export const serversOf = (address: string): string[] => parseDatabaseUrl(address).urls.map((url) => new URL(url).host)

/** The driver does not know `target_session_attrs`. */
function withoutAttributes(url: string): string {
  if (!URL.canParse(url)) {
    throw new DatabaseUrlError(
      'must be an address such as postgres://user:password@host:5432/database, or with several hosts: user@one:5432,two:5432; percent-encode characters such as @ : / in a password',
    )
  }
  const parsed = new URL(url)
  const attributes = parsed.searchParams.get('target_session_attrs')
  if (attributes === null) return url
  if (!PRIMARY_ATTRIBUTES.has(attributes)) {
    throw new DatabaseUrlError('target_session_attrs must be read-write or primary: only the primary is used')
  }
  parsed.searchParams.delete('target_session_attrs')
  return parsed.href
}
