import { launchChromium, mintToken } from '@paxyo/testkit'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Stack } from './stack.ts'

/** A panel's server, on another origin than the gateway's. */
export interface Panel extends AsyncDisposable {
  readonly origin: string
  /** Its responses by path. */
  readonly pages: Map<string, { readonly type: string; readonly body: string }>
}

export async function startPanel(): Promise<Panel> {
  const pages: Panel['pages'] = new Map()
  const server = createServer((request, response) => {
    const page = pages.get(request.url!)
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': page?.type ?? 'text/plain' }).end(page?.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pages,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/**
 * Opens a page with the embed script in Chromium, changes its order, and waits until the page shows the change, through
 * HAProxy.
 *
 * @returns the time from the change to the page, in ms.
 */
export async function watchInBrowser(
  stack: Stack,
  panel: Panel,
  { userId, orderId, status }: { userId: string; orderId: string; status: string },
  change: () => Promise<void>,
): Promise<number> {
  const token = await mintToken(userId, { secret: stack.secret('jwt-secrets') })
  panel.pages.set('/token', { type: 'application/json', body: JSON.stringify({ token }) })
  panel.pages.set('/', {
    type: 'text/html',
    body: `<!doctype html><title>Orders</title><p data-connection></p>
      <p data-order-id="${orderId}"><span data-field="refunded"></span></p>
      <script src="${stack.url}/paxyo.js" data-token-url="/token"></script>`,
  })
  const browser = await launchChromium()
  try {
    // The browser does not know the authority of the certificate.
    const page = await browser.newPage({ ignoreHTTPSErrors: true })
    const messages: string[] = []
    page.on('console', (message) => messages.push(message.text()))
    await page.goto(panel.origin)
    await page.waitForSelector('[data-connection="live"]').catch((error: unknown) => {
      throw new Error(`the page did not become live: ${messages.join('; ')}`, { cause: error })
    })
    const startedAt = performance.now()
    await change()
    await page.waitForSelector(`[data-order-id="${orderId}"][data-status="${status}"]`, { timeout: 10_000 })
    return performance.now() - startedAt
  } finally {
    await browser.close()
  }
}
