import { launchChromium, takeScreenshot } from '@paxyo/testkit'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** The panel in a browser, and the faults of the page. */
export interface PanelPage {
  readonly page: Page
  /** Errors, warnings, and violations of the content security policy. */
  readonly faults: readonly string[]
  /** The modes of all `welcome` messages so far. */
  readonly welcomes: readonly string[]
  /** How many events the page has received. */
  readonly eventCount: () => number
  /** Waits until the page shows this connection state. */
  readonly state: (name: string) => Promise<void>
  /** The status that an order's row shows. */
  readonly status: (orderId: string) => Promise<string | null>
  readonly screenshot: (name: string) => Promise<void>
}

/** Opens the panel in its own browser context and waits until it is live. */
export async function openPanel(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<PanelPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const faults: string[] = []
  const welcomes: string[] = []
  let events = 0
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    // A socket that does not connect is a network fault, and some tests cause it; the script then asks why by a request.
    const isExpected = /WebSocket connection|net::ERR_|status of 426/.test(message.text())
    if (['error', 'warning'].includes(message.type()) && !isExpected) faults.push(message.text())
  })
  await page.exposeFunction('noteViolation', (violation: string) => faults.push(violation))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      const { noteViolation } = globalThis as unknown as { noteViolation: (violation: string) => void }
      noteViolation(`${violatedDirective} ${blockedURI}`)
    })
  })
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      const { type, mode } = JSON.parse(String(payload)) as { type: string; mode?: string }
      if (type === 'welcome') welcomes.push(mode!)
      if (type === 'event') events += 1
    })
  })
  const panel: PanelPage = {
    page,
    faults,
    welcomes,
    eventCount: () => events,
    state: async (name) => void (await page.waitForSelector(`#connection[data-state="${name}"]`)),
    status: (orderId) => page.getAttribute(`[data-order-id="${orderId}"] [data-status]`, 'data-status'),
    screenshot: (name) => takeScreenshot(page, `panel/${name}`),
  }
  await page.goto(address)
  await panel.state('live')
  return panel
}

/** A browser that is closed with its tests. */
export interface OpenBrowser extends AsyncDisposable {
  readonly browser: Browser
  /** Closes every page: one that stays open goes on to animate, and to show what happens in later tests. */
  closePages(): Promise<void>
}

export async function openBrowser(): Promise<OpenBrowser> {
  const browser = await launchChromium()
  return {
    browser,
    closePages: async () => void (await Promise.all(browser.contexts().map((context) => context.close()))),
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
