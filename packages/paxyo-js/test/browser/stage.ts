import { launchChromium, type Browser, type BrowserContextOptions, type Page } from '@paxyo/testkit'
import {
  openPage,
  servePanel,
  strictPolicy,
  type OpenPage,
  type PanelOptions,
} from '../../../../infra/e2e/host-page.ts'
import { startSystem, type System } from '../../../../infra/e2e/system.ts'

/** The system and a browser, for pages with only the embed script. */
export interface Stage extends AsyncDisposable {
  readonly system: System
  readonly browser: Browser
  html(options?: PageOptions): string
  /** A user's live page, with the strictest policy. */
  openLive(
    userId: string,
    options?: PageOptions & Partial<PanelOptions>,
    context?: BrowserContextOptions,
  ): Promise<OpenPage & AsyncDisposable>
}

export interface PageOptions {
  readonly rows?: string
  /** More attributes of the script tag. */
  readonly script?: string
  readonly gatewayUrl?: string
  /** Attributes of the page. */
  readonly attributes?: string
}

export async function startStage(): Promise<Stage> {
  const [system, browser] = await Promise.all([startSystem(), launchChromium()])
  const html = (options: PageOptions = {}): string => toHtml({ gatewayUrl: system.gateway.url, ...options })
  return {
    system,
    browser,
    html,
    async openLive(userId, options = {}, context = {}) {
      const gatewayUrl = options.gatewayUrl ?? system.gateway.url
      const contentSecurityPolicy = `${strictPolicy(gatewayUrl)}; img-src data:`
      const panel = await servePanel({ userId, contentSecurityPolicy, ...options, html: html(options) })
      const opened = await openPage(browser, panel.url, context)
      await opened.page.waitForSelector('[data-connection="live"]')
      return {
        ...opened,
        async [Symbol.asyncDispose]() {
          await opened.page.context().close()
          await panel[Symbol.asyncDispose]()
        },
      }
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await system[Symbol.asyncDispose]()
    },
  }
}

export const row = (orderId: string): string => `
  <tr data-order-id="${orderId}">
    <td>${orderId}</td>
    <td data-field="status" data-status="pending">Pending</td>
    <td><progress data-field="progress" max="100" value="0" aria-label="Progress"></progress></td>
    <td data-field="remains">–</td>
    <td data-field="start-count">–</td>
    <td data-field="refunded">$0.00</td>
    <td data-field="charge">?</td>
  </tr>`

const COLUMNS = ['Order', 'Status', 'Progress', 'Remains', 'Start', 'Refunded', 'Charge']

function toHtml({ rows = '', script = '', gatewayUrl, attributes = 'lang="en"' }: PageOptions): string {
  return `
  <!doctype html>
  <html ${attributes}>
    <head>
      <meta charset="utf-8">
      <title>Orders</title>
      <link rel="stylesheet" href="/panel.css">
      <link rel="icon" href="data:,">
    </head>
    <body>
      <main>
        <h1>Orders</h1>
        <p>Balance <strong data-balance>?</strong> <span data-connection>?</span></p>
        <table>
          <thead><tr>${COLUMNS.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
          <tbody>${rows}</tbody>
        </table>
      </main>
      <script src="${gatewayUrl}/paxyo.js" data-token-url="/token" ${script}></script>
    </body>
  </html>`
}

/** The text of a field of an order's row. */
export const fieldText = (page: Page, orderId: string, field: string): Promise<string | null> =>
  page.textContent(`[data-order-id="${orderId}"] [data-field="${field}"]`)
