import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { addressGroup, isNear } from './address.ts'

// Failed authentication is limited by address. Each address has a leaky bucket that only failures fill: when it is full, a
// further failure gets a 429 in place of a 401. A request with the right credentials always passes, also from an address that
// is throttled.

/** How many failures an address may have. */
export interface FailureLimits {
  /** The size of the bucket: failures without a consequence. */
  readonly failuresMax: number
  /** A full bucket is empty after this time. An address has at most two log lines in it. */
  readonly windowMs: number
  /** Addresses that are kept in memory; those whose last failure is longest ago are forgotten first. */
  readonly addressesMax: number
  /** Log lines in a window, of all addresses together. */
  readonly linesMax: number
}

export const FAILURE_LIMITS: FailureLimits = {
  failuresMax: 20,
  windowMs: 60_000,
  addressesMax: 10_000,
  linesMax: 100,
}

export interface FailureThrottleOptions {
  /** What the credentials give access to, such as `panel_api`; log lines contain it. */
  readonly door: string
  readonly limits?: Partial<FailureLimits>
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
  readonly log: Logger
  /** Called for each failure. */
  readonly onFailure: (isThrottled: boolean) => void
}

export interface FailureThrottle {
  /**
   * Counts a failed authentication.
   *
   * @param address undefined when it is not known; it is never throttled then.
   * @param fields for the log line, without secrets.
   * @returns the seconds after which the client should retry; 0 while the address is within its limit.
   */
  failed(address: string | undefined, fields?: object): number
  /**
   * Where credentials can be guessed, such as passwords, an address that is throttled must wait also with the right ones.
   *
   * @returns the seconds for which the address must wait before its next attempt; 0 when it need not.
   */
  waitS(address: string | undefined): number
}

interface Failures {
  level: number
  levelAtMs: number
  /** Since the last log line. */
  count: number
  failureLoggedAtMs: number
  throttlingLoggedAtMs: number
}

const UNKNOWN_ADDRESS = 'unknown: set TRUST_PROXY to the network of the proxy'

/**
 * Creates the throttle of one door.
 *
 * @example
 * const throttle = createFailureThrottle({ door: 'shop', now: () => performance.now(), log, onFailure: () => undefined })
 * throttle.failed('192.0.2.1') //=> 0
 */
export function createFailureThrottle({
  door,
  now,
  log,
  onFailure,
  ...options
}: FailureThrottleOptions): FailureThrottle {
  const limits = { ...FAILURE_LIMITS, ...options.limits }
  const msPerFailure = limits.windowMs / limits.failuresMax
  /** By address, the one whose last failure is longest ago first. */
  const failuresByAddress = new Map<string, Failures>()
  const mayLog = createLineLimit(limits)

  /** Moves the address to the end, and makes room for it. */
  function touch(address: string, nowMs: number): Failures {
    const failures = failuresByAddress.get(address) ?? noFailures(nowMs)
    failuresByAddress.delete(address)
    const [oldest] = failuresByAddress.keys()
    if (oldest !== undefined && failuresByAddress.size >= limits.addressesMax) failuresByAddress.delete(oldest)
    failuresByAddress.set(address, failures)
    return failures
  }

  /** @returns the time until the bucket has room; 0 when it had room for this failure. */
  function fill(failures: Failures, nowMs: number): number {
    failures.level = Math.max(0, failures.level - (nowMs - failures.levelAtMs) / msPerFailure)
    failures.levelAtMs = nowMs
    if (failures.level + 1 > limits.failuresMax) return (failures.level + 1 - limits.failuresMax) * msPerFailure
    failures.level += 1
    return 0
  }

  function logFailure(failures: Failures, isThrottled: boolean, nowMs: number, fields: object): void {
    const loggedAt = isThrottled ? 'throttlingLoggedAtMs' : 'failureLoggedAtMs'
    if (nowMs - failures[loggedAt] < limits.windowMs || !mayLog(nowMs)) return
    const line = { ...fields, door, failures: failures.count }
    log.warn(line, isThrottled ? 'authentication throttled' : 'authentication failed')
    failures[loggedAt] = nowMs
    failures.count = 0
  }

  return {
    waitS(address) {
      const failures = address === undefined ? undefined : failuresByAddress.get(addressGroup(address))
      if (failures === undefined) return 0
      const level = Math.max(0, failures.level - (now() - failures.levelAtMs) / msPerFailure)
      return Math.ceil((Math.max(0, level + 1 - limits.failuresMax) * msPerFailure) / 1000)
    },
    failed(address, fields = {}) {
      const nowMs = now()
      const group = address === undefined ? UNKNOWN_ADDRESS : addressGroup(address)
      const failures = touch(group, nowMs)
      failures.count += 1
      const waitMs = address === undefined ? 0 : fill(failures, nowMs)
      onFailure(waitMs > 0)
      logFailure(failures, waitMs > 0, nowMs, { address: group, ...fields })
      return Math.ceil(waitMs / 1000)
    },
  }
}

const noFailures = (nowMs: number): Failures => ({
  level: 0,
  levelAtMs: nowMs,
  count: 0,
  failureLoggedAtMs: -Infinity,
  throttlingLoggedAtMs: -Infinity,
})

/** Many addresses at once must not fill the disk with log lines; the metric counts every failure. */
function createLineLimit({ linesMax, windowMs }: FailureLimits): (nowMs: number) => boolean {
  let lines = 0
  let windowAtMs = -Infinity
  return (nowMs) => {
    if (nowMs - windowAtMs >= windowMs) {
      windowAtMs = nowMs
      lines = 0
    }
    lines += 1
    return lines <= linesMax
  }
}

/**
 * The address for which a failed request counts.
 *
 * @returns undefined when it is that of a nearby proxy that `TRUST_PROXY` does not name: all clients have its address then.
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.get('/', (request) => throttledAddress(request))
 * (await app.inject({ url: '/', remoteAddress: '203.0.113.7' })).body //=> '203.0.113.7'
 */
export function throttledAddress({
  ip,
  socket,
  headers,
}: Pick<FastifyRequest, 'ip' | 'socket' | 'headers'>): string | undefined {
  const isRelayed = headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined
  return isRelayed && ip === socket.remoteAddress && isNear(ip) ? undefined : ip
}
