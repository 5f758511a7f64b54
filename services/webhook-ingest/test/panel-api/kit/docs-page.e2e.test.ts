import { expect, test } from '@jest/globals'
import { launchChromium } from '@paxyo/testkit'
import { startIngest } from '../../ingest-fixture.ts'

test('the page shows operations, webhooks and the socket, asks for nothing else and breaks no rule of its policy', async () => {
  await using ingest = await startIngest()
  const address = await ingest.app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await launchChromium()
  try {
    const page = await (await browser.newContext()).newPage()
    const requested: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => requested.push(request.url()))
    page.on('console', (message) => message.type() !== 'info' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    const response = await page.goto(`${address}/docs#tag/orders/POST/v1/orders`)

    const policy = response!.headers()['content-security-policy']!
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; /)
    const operation = page.getByRole('heading', { name: 'Register an order', exact: true })
    await operation.first().waitFor()
    const samples = page.getByRole('button', { name: 'Shell Curl' })
    await samples.first().click()
    expect(await page.getByRole('option').allTextContents()).toEqual(['Fetch', 'cURL', 'Curl'])
    await page.keyboard.press('Escape')
    expect(await page.getByText(`curl ${address}/v1/orders`).count()).toBeGreaterThan(0)

    // The other sections are in the page's menu, and open with their address.
    for (const name of ['Provider webhook', 'Outgoing webhooks', 'Connect a browser', 'Webhooks']) {
      await page.getByText(name, { exact: true }).first().waitFor()
    }
    const link = page.getByRole('link', { name: 'AsyncAPI document' })
    expect(await link.evaluate((anchor: HTMLAnchorElement) => anchor.href)).toBe(`${address}/docs/asyncapi.json`)
    await page.goto(`${address}/docs#webhook/POST/refund.paid`)
    await page.getByRole('heading', { name: 'refund.paid', exact: true }).first().waitFor()

    const own = requested.map((url) => new URL(url).pathname.replace(/-[0-9a-f]{16}/, ''))
    expect(new Set(own)).toEqual(
      new Set(['/docs', '/docs/files/scalar.js', '/docs/files/reference.js', '/openapi.json']),
    )
    expect(requested.filter((url) => !url.startsWith(`${address}/`))).toEqual([])
    expect(complaints).toEqual([])
  } finally {
    await browser.close()
  }
})
