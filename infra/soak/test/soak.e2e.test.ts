import { expect, test } from '@jest/globals'
import { soak } from '../soak.ts'

// A short run in one engine; `npm run soak` is the long one in three, and `--seed` replays either.
const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000)

test(`pages are never live while more than a second behind, whatever fails (SOAK_SEED=${seed})`, async () => {
  const report = await soak({
    seed,
    durationMs: 45_000,
    engines: ['chromium'],
    webhookIntervalMs: 150,
    pauseMsMax: 2_000,
    log: () => undefined,
  })
  process.stderr.write(`${JSON.stringify(report, null, 2)}\n`)

  expect(report.violations).toEqual([])
  expect(Math.min(...report.pages.map(({ events }) => events))).toBeGreaterThan(20)
  expect(Object.keys(report.faults).length).toBeGreaterThan(5)
}, 300_000)
