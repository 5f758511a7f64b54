import { expect, test } from '@jest/globals'
import { injectFaults, SINGLE_SYSTEM } from '../inject-faults.ts'

// A short run; `npm run chaos -- --minutes 20` is the long one, and `--seed` replays either.
const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000)

test(`nothing is lost, doubled or out of order while everything breaks (CHAOS_SEED=${seed})`, async () => {
  const report = await injectFaults(SINGLE_SYSTEM, {
    seed,
    orders: 1_000,
    users: 30,
    concurrency: 24,
    pauseMsMax: 900,
    durationMsMax: 40_000,
    log: () => undefined,
  })
  process.stderr.write(`${JSON.stringify(report, null, 2)}\n`)

  expect(report.violations).toEqual([])
  expect(report.ordersFinished).toBeGreaterThan(50)
  expect(Object.keys(report.faults).length).toBeGreaterThan(3)
}, 240_000)
