import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { eventually, launchFirefox, mintToken, type Firefox, type FirefoxPage } from '@paxyo/testkit'
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { startGateway, type GatewayFixture } from '../../../../services/ws-gateway/test/gateway-fixture.ts'

const PAGE = `<!doctype html><title>A panel</title><script type="module">
import { connect } from '/client.js'
const seen = []
const client = connect({ url: decodeURIComponent(location.search.slice(1)), getToken: async () => (await fetch('/token')).text() })
client.on('snapshot', ({ position }) => seen.push('snapshot@' + position.seq))
client.on('account', ({ seq }) => seen.push(seq))
Object.assign(window, { client, seen })
</script>`

let gateway: GatewayFixture
let firefox: Firefox
let pageUrl: string
let userId = ''
const page = createHttpServer({ log: createLogger('page', 'silent'), trustProxy: false })
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../src/index.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    write: false,
  })
  page.get('/', (_request, reply) => reply.type('text/html').send(PAGE))
  page.get('/client.js', (_request, reply) => reply.type('text/javascript').send(outputFiles[0]!.text))
  page.get('/token', () => mintToken(userId))
  pageUrl = await listen(page, { host: '127.0.0.1', port: 0 })
  gateway = await startGateway({ allowedOrigins: [pageUrl] })
  firefox = await launchFirefox()
})
afterAll(async () => {
  await firefox[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
  await page.close()
})

const address = (): string => `${pageUrl}/?${encodeURIComponent(`${gateway.url}/ws`)}`
const stateOf = (tab: FirefoxPage): Promise<string> => tab.evaluate('window.client?.status.state')
const becomes = (tab: FirefoxPage, state: string): Promise<unknown> =>
  eventually(async () => (await stateOf(tab)) === state)
const seenBy = (tab: FirefoxPage): Promise<unknown[]> => tab.evaluate('seen')

describe.each<[string, number | undefined, number]>([
  ['as it is installed', undefined, 1],
  // Then BroadcastChannel throws, and each tab has its own connection.
  ['with site data blocked', 2, 2],
])('in Firefox %s', (_name, cookieBehavior, connections) => {
  test('two tabs are live and get every event, once and in order', async () => {
    userId = `user-${connections}`
    await gateway.ingest.openAccount(userId)
    if (cookieBehavior !== undefined) await firefox.setPreference('network.cookie.cookieBehavior', cookieBehavior)
    const tabs = [await firefox.open(address()), await firefox.open(address())]
    for (const tab of tabs) await becomes(tab, 'live')
    await eventually(() => gateway.gateway.connectionCount === connections)
    await gateway.ingest.commitAndPublish(userId, 3)

    for (const tab of tabs) {
      await eventually(async () => (await seenBy(tab)).includes(3))
      expect(await seenBy(tab)).toEqual(['snapshot@0', 1, 2, 3])
    }
    await tabs[0]!.close()
    await gateway.ingest.commitAndPublish(userId)
    await eventually(async () => (await seenBy(tabs[1]!)).includes(4))
    expect(await seenBy(tabs[1]!)).toEqual(['snapshot@0', 1, 2, 3, 4])
    await tabs[1]!.close()
    await eventually(() => gateway.gateway.connectionCount === 0)
  }, 180_000)
})
