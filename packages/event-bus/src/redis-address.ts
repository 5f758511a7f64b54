/** Where Redis is, and what stands there. */
export interface RedisAddress {
  /**
   * `redis://` or `rediss://`, with user and password as the data nodes want them. Of a cluster or of sentinels several
   * may be named, separated by commas: any of them that answers will do. The first one's user and password are used.
   */
  readonly url: string
  /** `single` unless told otherwise. */
  readonly topology?: RedisTopology | undefined
  /** By which name sentinels know the master. */
  readonly sentinelName?: string | undefined
  /** The sentinels' own password, when they have one. */
  readonly sentinelPassword?: string | undefined
}

export type RedisTopology = 'single' | 'sentinel' | 'cluster'

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/** How every data node is spoken to. */
export interface Access {
  readonly username?: string
  readonly password?: string
  readonly tls?: object
}

const PORTS = { single: 6379, sentinel: 26_379, cluster: 6379 }

/** The addresses that a URL names. */
export function nodesOf({ url, topology = 'single' }: RedisAddress): HostAndPort[] {
  return url.split(',').map((part) => {
    const { hostname, port } = new URL(part.trim())
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? PORTS[topology] : Number(port) }
  })
}

export function accessOf({ url }: RedisAddress): Access {
  const { protocol, username, password } = new URL(url.split(',')[0]!)
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  }
}

/** How ioredis is told of the master that sentinels name. */
export function masterAccessOf(address: RedisAddress) {
  const access = accessOf(address)
  return {
    ...access,
    sentinels: nodesOf(address),
    name: address.sentinelName ?? 'mymaster',
    role: 'master' as const,
    ...(address.sentinelPassword === undefined ? {} : { sentinelPassword: address.sentinelPassword }),
    ...(access.tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: {} }),
  }
}
