import { migrateToLatest } from '@paxyo/database'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { bundleProgram, freePort, launchChromium, startProcess } from '@paxyo/testkit'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toAnimatedPng } from './animated-png.ts'

// node infra/docs/pictures/panel.ts: takes the moving picture of the README, from the demo. A new order makes progress, and what
// was not delivered is refunded.

const ROOT = new URL('../../../', import.meta.url)
const STANDALONE = fileURLToPath(new URL('services/standalone/src/main.ts', ROOT))
const STEPS = ['New order', 'Progress', 'Progress', 'Partial'] as const
const FRAME_MS = 1_200
/** The last frame stays for longer: the refund is the point. */
const LAST_FRAME_MS = 3_500
/** Until a change is shown, and its animation is over. */
const SETTLE_MS = 900

await using resources = new AsyncDisposableStack()
const dataDir = mkdtempSync(join(tmpdir(), 'paxyo-panel-picture-'))
resources.defer(() => rmSync(dataDir, { recursive: true, force: true }))
const postgres = await startLocalPostgres({ dataDir: join(dataDir, 'postgres'), password: 'pictures' })
resources.defer(() => postgres.stop())
await migrateToLatest(postgres.url)
const port = String(await freePort())
const environment = { DATABASE_URL: postgres.url, DATA_DIR: dataDir, PORT: port }
const service = await startProcess(await bundleProgram(STANDALONE), environment)
resources.defer(async () => void (await service.end('SIGTERM')))
const browser = resources.adopt(await launchChromium(), (launched) => launched.close())

const page = await browser.newPage({ viewport: { width: 1180, height: 760 }, colorScheme: 'light', locale: 'en' })
await page.goto(`http://localhost:${port}/`)
await page.waitForSelector('#connection[data-state="live"]')
await page.evaluate(() => document.fonts.ready.then(() => undefined))
const frames = [await page.screenshot()]
for (const name of STEPS) {
  await page.locator('#simulator').getByRole('button', { name, exact: true }).click()
  await page.waitForTimeout(SETTLE_MS)
  frames.push(await page.screenshot())
}
const delaysMs = [...STEPS.map(() => FRAME_MS), LAST_FRAME_MS]
writeFileSync(new URL('infra/docs/panel.png', ROOT), toAnimatedPng(frames, delaysMs))
