import { expect, test } from '@jest/globals'
import { launchChromium } from '@paxyo/testkit'
import { startIngest } from '../../ingest-fixture.ts'

test('the page shows every operation, asks for nothing else and breaks no rule of its policy', async () => {
  await using ingest = await startIngest()
  const address = await ingest.app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    const requested: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => requested.push(request.url()))
    page.on('console', (message) => complaints.push(message.text()))
    const response = await page.goto(`${address}/docs`)

    expect(response?.headers()['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(requested.filter((url) => !url.endsWith('/favicon.ico'))).toEqual([`${address}/docs`])
    expect(complaints.filter((complaint) => !complaint.includes('favicon'))).toEqual([])
    // The policy allows the style.
    expect(await page.evaluate(() => getComputedStyle(document.body).maxWidth)).not.toBe('none')
    const headings = await page.locator('h3 code').allTextContents()
    // A download is described with its list.
    const routes = ingest.routes.filter((route) => route.includes(' /v1/') && !route.endsWith('/export'))
    expect(headings.toSorted()).toEqual(routes.map((route) => route.replace(/:(\w+)/g, '{$1}')).toSorted())
    // Each operation shows its request body; the common errors appear once.
    const registration = page.locator('#registerOrder ~ .scroll').nth(1)
    expect(await registration.textContent()).toContain('providerOrderId')
    expect((await page.textContent('body'))!.split('The server had an unexpected error')).toHaveLength(2)
    const broken = await page
      .locator('a[href^="#"]')
      .evaluateAll((links) => links.filter((link) => !document.querySelector(link.getAttribute('href')!)).length)
    expect(broken).toBe(0)
  } finally {
    await browser.close()
  }
})
