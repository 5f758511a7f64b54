/** The address and topology of Redis. */
export interface RedisAddress {
  /**
   * `redis://` or `rediss://`, with the user and password of the data nodes. For a cluster or sentinels it may be several
   * addresses, separated by commas, of which any reachable one is used. The first one's user and password are used.
   */
  readonly url: string
  /** Default: `single`. */
  readonly topology?: RedisTopology | undefined
  /** The master's name in the sentinels' configuration. */
  readonly sentinelName?: string | undefined
  /** The password of the sentinels, when they have one. */
  readonly sentinelPassword?: string | undefined
}

export type RedisTopology = 'single' | 'sentinel' | 'cluster'

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/** The credentials and TLS options of the data nodes. */
export interface Access {
  readonly username?: string
  readonly password?: string
  readonly tls?: object
}

const PORTS = { single: 6379, sentinel: 26_379, cluster: 6379 }

/** The nodes in the URL. */
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

/** The ioredis options for the sentinels' current master. */
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
