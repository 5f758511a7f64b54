import { expect, test } from '@jest/globals'
import { ConnectionClock } from '../../src/socket/connection-clock.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/socket/limits.ts'

const createClock = (limits: Partial<Limits> = {}): ConnectionClock =>
  new ConnectionClock({ transport: 'websocket', limits: { ...DEFAULT_LIMITS, ...limits }, now: 0, random: () => 0 })

test.each([5_000, 9_999, 10_000, 25_000])(
  'with a ping every %d ms, a client that does not respond is silent after the time for a pong',
  (pingIntervalMs) => {
    const clock = createClock({ pingIntervalMs })
    const silentAt = Array.from({ length: 1_000 }, (_, index) => index * 50).find(
      (now) => clock.isSilent(now) || void clock.isPingDue(now),
    )

    expect(silentAt).toBe(Math.ceil(pingIntervalMs / 50) * 50 + DEFAULT_LIMITS.pongTimeoutMs)
  },
)

test('with a ping every 5 s, a client that responds late, but in time, is never silent', () => {
  const clock = createClock({ pingIntervalMs: 5_000 })
  let respondAt = Infinity
  for (let now = 0; now < 120_000; now += 50) {
    if (now >= respondAt) {
      clock.received(now)
      respondAt = Infinity
    }
    expect(clock.isSilent(now)).toBe(false)
    if (clock.isPingDue(now)) respondAt = Math.min(respondAt, now + 9_000)
  }
})
