import { createKysely, createOwnerLink, inviteOperator } from '@paxyo/database'
import type { OperatorRole } from '@paxyo/panel-client'
import {
  bundleProgram,
  createTestDatabase,
  freePort,
  startProcess,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'

const MAIN = await bundleProgram(fileURLToPath(new URL('../../../../services/standalone/src/main.ts', import.meta.url)))
const PANEL_KEY = 'a-panel-key-of-the-console-tests'
const WEBHOOK_TOKEN = 'a-webhook-token-of-the-console-tests'
export const PASSWORD = 'correct horse battery staple'
const BY = { actor: 'tests', actorName: 'tests', address: null }

/** Both services in one process, with a separate database. */
export interface ConsoleSystem extends AsyncDisposable {
  readonly url: string
  readonly database: TestDatabase
  register(orderId: string, providerOrderId: string, change?: object): Promise<void>
  webhook(body: object | string): Promise<Response>
  api(path: string, body?: object): Promise<Response>
  /** A link for the first owner. */
  ownerLink(): Promise<string>
  /** A page of a new operator, who is signed in. */
  openAs(browser: Browser, role: OperatorRole, name: string): Promise<Page>
  /** Another page with the session of a page: signing in costs more than what most tests do. */
  openLike(page: Page, browser: Browser, options: object): Promise<Page>
}

export async function startConsole(): Promise<ConsoleSystem> {
  const [database, port] = [await createTestDatabase(), await freePort()]
  const dataDir = mkdtempSync(join(tmpdir(), 'paxyo-console-'))
  const service: ServiceProcess = await startProcess(MAIN, {
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    DEMO: 'off',
    PORT: String(port),
    PANEL_API_KEYS: PANEL_KEY,
    WEBHOOK_TOKENS: WEBHOOK_TOKEN,
  })
  const url = `http://localhost:${port}`
  const db = createKysely(database.owner)
  const send = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })

  const openConsole = async (context: BrowserContext): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(`${url}/console`)
    await page.locator('.live-pill[data-state="live"]').waitFor()
    return page
  }

  const system: ConsoleSystem = {
    url,
    database,
    async register(orderId, providerOrderId, change = {}) {
      const order = { orderId, providerOrderId, userId: 'ann', service: 'Instagram followers', quantity: 1000 }
      const rest = { link: `https://www.instagram.com/${orderId}`, charge: '2.5', currency: 'USD' }
      const response = await system.api('/v1/orders', { ...order, ...rest, ...change })
      if (!response.ok) throw new Error(await response.text())
    },
    webhook: (body) =>
      send(`/webhooks/godofpanel/${WEBHOOK_TOKEN}`, typeof body === 'string' ? body : JSON.stringify(body)),
    api: (path, body) =>
      body === undefined
        ? fetch(url + path, { headers: { authorization: `Bearer ${PANEL_KEY}` } })
        : send(path, JSON.stringify(body), { authorization: `Bearer ${PANEL_KEY}` }),
    async ownerLink() {
      return (await createOwnerLink(db, BY)).token
    },
    async openAs(browser, role, name) {
      const refundLimit = role === 'support' ? '1' : null
      const invited = await inviteOperator(db, { name, role, refundLimit }, BY)
      if (typeof invited === 'string') throw new Error(invited)
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
      const accepted = await context.request.post(`${url}/console/api/accept-link`, {
        headers: { 'x-paxyo-console': '1' },
        data: { link: invited.link.token, password: PASSWORD },
      })
      if (!accepted.ok()) throw new Error(await accepted.text())
      return openConsole(context)
    },
    async openLike(page, browser, options) {
      const storageState = await page.context().storageState()
      return openConsole(await browser.newContext({ ...options, storageState }))
    },
    async [Symbol.asyncDispose]() {
      await service.end('SIGTERM')
      await database[Symbol.asyncDispose]()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  return system
}
