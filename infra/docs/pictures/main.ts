import { createKysely, inviteOperator, migrateToLatest } from '@paxyo/database'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { bundleProgram, connectSocket, freePort, launchChromium, startProcess, type Page } from '@paxyo/testkit'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { dialogsOf, openDialog } from '../../../packages/console/test/browser/dialogs.ts'
import { fillPanel, startPanelServer } from './sample-panel.ts'

// node infra/docs/pictures/main.ts [--all <folder>] [--dialogs <folder>]: takes the console's picture for the documentation, from a system with two
// weeks of a panel's life. With --all, every page on a desk, a tablet and a phone, light and dark, in three languages; with
// --dialogs, every dialog.
const { values } = parseArgs({ options: { all: { type: 'string' }, dialogs: { type: 'string' } } })

const ROOT = new URL('../../../', import.meta.url)
const STANDALONE = fileURLToPath(new URL('services/standalone/src/main.ts', ROOT))
const PASSWORD = 'correct horse battery staple'
const [KEY, TOKEN] = ['a-panel-key-of-the-pictures', 'a-webhook-token-of-the-pictures']
const PEOPLE = ['marta.k', 'u_48213', 'leyla_demir', 'growthlab', 'ana-souza', 'rohan.shop']

await using resources = new AsyncDisposableStack()
const dataDir = mkdtempSync(join(tmpdir(), 'paxyo-pictures-'))
resources.defer(() => rmSync(dataDir, { recursive: true, force: true }))
const postgres = await startLocalPostgres({ dataDir: join(dataDir, 'postgres'), password: 'pictures' })
resources.defer(() => postgres.stop())
await migrateToLatest(postgres.url)
const owner = new pg.Pool({ connectionString: postgres.url, max: 2 })
resources.defer(() => owner.end())

const providers = join(dataDir, 'providers.json')
writeFileSync(
  providers,
  JSON.stringify(['godofpanel', 'smm-factory'].map((name) => ({ name, webhookTokens: [TOKEN] }))),
)
const port = await freePort()
const url = `http://localhost:${port}`
const service = await startProcess(await bundleProgram(STANDALONE), {
  DATABASE_URL: postgres.url,
  DATA_DIR: dataDir,
  DEMO: 'off',
  CONSOLE: 'on',
  PORT: String(port),
  PANEL_API_KEYS: KEY,
  PROVIDERS_FILE: providers,
  OUTGOING_WEBHOOK_ALLOW_PRIVATE: 'true',
})
resources.defer(async () => void (await service.end('SIGTERM')))
const browser = resources.adopt(await launchChromium(), (launched) => launched.close())

const panelServer = resources.use(await startPanelServer())
await api('/v1/outgoing-webhooks/endpoints', { url: panelServer.url })
await fillPanel({ api, webhook }, owner)
for (const userId of PEOPLE) {
  const { token } = (await api('/v1/tokens', { userId })) as { token: string }
  resources.adopt(await connectSocket(url, { token }), (socket) => socket.close())
}

const page = await signIn()
await page.goto(`${url}/console/`)
await settled(page)
// The gateway reports them once a second.
await page.locator('.tile').getByText(String(PEOPLE.length), { exact: true }).waitFor()
await page.screenshot({ path: fileURLToPath(new URL('infra/docs/console.png', ROOT)) })
if (values.all !== undefined) await takeAll(values.all)
if (values.dialogs !== undefined) await takeDialogs(values.dialogs)

async function post(path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
}

async function api(path: string, body: object): Promise<unknown> {
  const response = await post(path, JSON.stringify(body), { authorization: `Bearer ${KEY}` })
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
  return response.json()
}

async function webhook(provider: string, body: object | string): Promise<void> {
  await post(`/webhooks/${provider}/${TOKEN}`, typeof body === 'string' ? body : JSON.stringify(body))
}

async function signIn(): Promise<Page> {
  const by = { actor: 'pictures', actorName: 'pictures', address: null }
  const invited = await inviteOperator(createKysely(owner), { name: 'Olga', role: 'owner', refundLimit: null }, by)
  if (typeof invited === 'string') throw new Error(invited)
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'en' })
  const accepted = await context.request.post(`${url}/console/api/accept-link`, {
    headers: { 'x-paxyo-console': '1' },
    data: { link: invited.link.token, password: PASSWORD },
  })
  if (!accepted.ok()) throw new Error(await accepted.text())
  return context.newPage()
}

/** The page has read what it shows, and is live. */
async function settled(shown: Page): Promise<void> {
  await shown.locator('.live-pill[data-state="live"]').waitFor()
  await shown.locator('.skeleton, [aria-busy="true"]').first().waitFor({ state: 'detached' })
  await shown.evaluate(() => document.fonts.ready.then(() => undefined))
}

async function takeAll(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const paths = await pathsOfAll()
  const state = await page.context().storageState()
  for (const [width, colorScheme, locale] of [
    [1440, 'light', 'en'],
    [1440, 'dark', 'ar'],
    [1024, 'dark', 'de'],
    [1024, 'light', 'ar'],
    [390, 'light', 'de'],
    [390, 'dark', 'ar'],
  ] as const) {
    const viewport = { width, height: width < 500 ? 844 : 900 }
    const context = await browser.newContext({ viewport, colorScheme, locale, storageState: state })
    const shown = await context.newPage()
    for (const [name, path] of paths) {
      await shown.goto(`${url}/console/${path}`)
      await settled(shown)
      await shown.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}-${locale}.png`), fullPage: true })
    }
    await context.close()
  }
}

async function takeDialogs(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const dialogs = await dialogsOf(owner, 'marta.k')
  const state = await page.context().storageState()
  for (const [width, colorScheme, locale] of [
    [1440, 'light', 'en'],
    [1440, 'dark', 'ar'],
    [390, 'light', 'ar'],
    [390, 'dark', 'de'],
  ] as const) {
    const viewport = { width, height: width < 500 ? 844 : 900 }
    const context = await browser.newContext({ viewport, colorScheme, locale, storageState: state })
    const shown = await context.newPage()
    for (const dialog of dialogs) {
      await shown.goto(`${url}/console/${dialog.path}`)
      await settled(shown)
      await openDialog(shown, dialog, locale)
      await shown.screenshot({ path: join(folder, `dialog-${dialog.name}-${width}-${colorScheme}-${locale}.png`) })
    }
    await context.close()
  }
}

async function pathsOfAll(): Promise<readonly (readonly [name: string, path: string])[]> {
  const { rows } = await owner.query<{ delivery_id: string }>(
    `SELECT delivery_id FROM deliveries WHERE outcome = 'applied' ORDER BY received_at DESC LIMIT 1`,
  )
  const { rows: webhooks } = await owner.query<{ webhook_id: string }>(
    `SELECT webhook_id FROM outgoing_webhooks WHERE state <> 'superseded' ORDER BY attempts DESC, queue_number LIMIT 1`,
  )
  const pages = ['reviews', 'live', 'refunds', 'rejected', 'webhooks', 'health', 'setup', 'account']
  return [
    ['today', ''],
    ...pages.map((name) => [name, name] as const),
    ['search', 'search?q=marta.k'],
    ['nothing-found', 'search?q=nothing'],
    ['order', 'orders/90213'],
    ['no-order', 'orders/unknown'],
    ['user', 'users/marta.k'],
    ['delivery', `deliveries/${rows[0]!.delivery_id}`],
    ['webhook', `webhooks/${webhooks[0]!.webhook_id}`],
    ['not-found', 'nowhere'],
  ]
}
