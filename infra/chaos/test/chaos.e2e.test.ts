import { expect, test } from '@jest/globals'
import { FAULTS } from '../faults.ts'
import { injectFaults, SINGLE_SYSTEM } from '../inject-faults.ts'

// A short run, with each fault once; `npm run chaos -- --minutes 20` is the long one, and `--seed` replays either.
const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000)

test(`nothing is lost, doubled or out of order while everything breaks (CHAOS_SEED=${seed})`, async () => {
  const report = await injectFaults(SINGLE_SYSTEM, {
    seed,
    orders: 5_000,
    users: 30,
    concurrency: 24,
    // Enough that each fault meets several orders; as many as it can would take all cores from the other tests.
    ordersPerSecond: 8,
    pauseMsMax: 500,
    durationMsMax: 200_000,
    faultsMax: Object.keys(FAULTS).length,
    log: () => undefined,
  })
  process.stderr.write(`${JSON.stringify(report, null, 2)}\n`)

  expect(report.violations).toEqual([])
  expect(report.ordersFinished).toBeGreaterThan(50)
  expect(Object.keys(report.faults).toSorted()).toEqual(Object.keys(FAULTS).toSorted())
}, 400_000)
