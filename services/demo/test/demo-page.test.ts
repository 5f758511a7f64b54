import { expect, test } from '@jest/globals'
import { createHttpServer, createLogger } from '@paxyo/service-kit'
import type { FastifyInstance } from 'fastify'
import { gunzipSync } from 'node:zlib'
import { registerDemoPage, type DemoActions } from '../src/index.ts'

/** A token whose subject would end its HTML attribute if it were not escaped. */
const mintToken = (): Promise<string> =>
  Promise.resolve(`x.${Buffer.from(JSON.stringify({ sub: '"><b>&' })).toString('base64url')}.x`)

function createApp(actions?: DemoActions): FastifyInstance {
  const app = createHttpServer({ log: createLogger('test', 'silent'), trustProxy: false })
  const socketUrl = 'wss://rt.example.com/ws'
  registerDemoPage(app, { mintToken, socketUrl, ...(actions === undefined ? {} : { actions }) })
  return app
}

function recordActions(): DemoActions & { readonly calls: unknown[] } {
  const calls: unknown[] = []
  const record = (...call: unknown[]): Promise<void> => Promise.resolve(void calls.push(call))
  return {
    calls,
    act: (action, orderId) => record('act', action, orderId),
    burst: (count) => record('burst', count),
    newOrder: () => record('newOrder'),
  }
}

const post = (app: FastifyInstance, path: string, payload: object, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: path,
    payload,
    headers: { host: 'panel.test', origin: 'http://panel.test', ...headers },
  })

test('the page says whose it is, and lets nothing in but its own files and the socket', async () => {
  const { body, headers } = await createApp().inject('/')
  expect(body).toContain('<body data-user-id="&quot;>&lt;b>&amp;" data-socket-url="wss://rt.example.com/ws">')
  const policy = String(headers['content-security-policy'])
  expect(policy).toMatch(/^default-src 'none';/)
  expect(policy).toContain("connect-src 'self' wss://rt.example.com/ws https://rt.example.com/ws;")
  expect(policy).not.toContain('unsafe')
  expect(body).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=/)
})

test('every file that the page names is served, and every import of a script leads to one', async () => {
  const app = createApp()
  const { body } = await app.inject('/')
  const paths = new Set([...body.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map((match) => match[1]!))
  for (const path of paths) {
    const { statusCode, headers, body: content } = await app.inject(path)
    expect([path, statusCode, headers['x-content-type-options']]).toEqual([path, 200, 'nosniff'])
    if (!path.endsWith('.js')) continue
    for (const [, imported] of content.matchAll(/(?:\bfrom|\bimport\(?)\s?"(\.\/[^"\n]{1,100})"/g)) {
      paths.add(new URL(imported!, `http://panel.test${path}`).pathname)
    }
  }
  // The page's own, and nine languages besides English.
  const names = [...paths].map((path) => path.replace(/^\/demo\/files\//, '').replace(/-[0-9A-Z]{8}\./, '.'))
  expect(names.toSorted()).toEqual(
    [
      ...['ar', 'de', 'es', 'fr', 'hi', 'id', 'pt', 'ru', 'tr'].map((language) => `${language}.js`),
      'hanken-grotesk-latin-wght-normal.woff2',
      'icon.svg',
      'panel.js',
      'styles.css',
      'theme.js',
    ].toSorted(),
  )
})

test('the page is in the language of its address, or of the browser, and preloads its texts', async () => {
  const app = createApp()
  const pageOf = async (url: string, acceptLanguage?: string) => {
    const headers = acceptLanguage === undefined ? {} : { 'accept-language': acceptLanguage }
    const { body } = await app.inject({ url, headers })
    const [, lang, dir] = /<html lang="(\w+)" dir="(\w+)">/.exec(body)!
    const preloaded = /modulepreload" href="\/demo\/files\/(\w+)-/.exec(body)?.[1]
    return [lang, dir, /<h1[^>]*>([^<]*)</.exec(body)![1], preloaded]
  }
  expect(await pageOf('/')).toEqual(['en', 'ltr', 'Orders', undefined])
  expect(await pageOf('/', 'de-AT,de;q=0.9,en;q=0.8')).toEqual(['de', 'ltr', 'Bestellungen', 'de'])
  expect(await pageOf('/?lang=ar', 'de')).toEqual(['ar', 'rtl', 'الطلبات', 'ar'])
  expect(await pageOf('/?lang=klingon&lang=de')).toEqual(['en', 'ltr', 'Orders', undefined])
})

test('files are compressed, and not sent again', async () => {
  const app = createApp()
  const request = (headers: Record<string, string>) => app.inject({ url: '/demo/files/panel.js', headers })
  const [plain, compressed] = [await request({}), await request({ 'accept-encoding': 'br, gzip' })]
  expect([plain.headers['content-encoding'], compressed.headers['content-encoding']]).toEqual([undefined, 'gzip'])
  expect(gunzipSync(compressed.rawPayload).equals(plain.rawPayload)).toBe(true)
  expect((await request({ 'if-none-match': String(plain.headers['etag']) })).statusCode).toBe(304)
})

test('the buttons are there only with somebody who acts', async () => {
  expect((await createApp().inject('/')).body).not.toContain('data-actions')
  expect((await post(createApp(), '/demo/actions/new-order', {})).statusCode).toBe(404)
  expect((await createApp(recordActions()).inject('/')).body).toContain('data-actions="on"')
})

test('an action is passed on', async () => {
  const actions = recordActions()
  const app = createApp(actions)
  const responses = [
    await post(app, '/demo/actions/act', { action: 'cancel', orderId: 'A-1' }),
    await post(app, '/demo/actions/burst', { count: 50 }),
    await post(app, '/demo/actions/new-order', {}),
  ]
  expect(responses.map(({ statusCode }) => statusCode)).toEqual([204, 204, 204])
  expect(actions.calls).toEqual([['act', 'cancel', 'A-1'], ['burst', 50], ['newOrder']])
})

test.each([
  ['/demo/actions/act', { action: 'explode', orderId: 'A-1' }],
  ['/demo/actions/act', { action: 'cancel' }],
  ['/demo/actions/act', { action: 'cancel', orderId: 'x'.repeat(129) }],
  ['/demo/actions/burst', { count: 0 }],
  ['/demo/actions/burst', { count: 201 }],
  ['/demo/actions/burst', { count: '50' }],
  ['/demo/actions/new-order', { count: 1 }],
])('%s does not take %j', async (path, payload) => {
  const actions = recordActions()
  const response = await post(createApp(actions), path, payload)
  expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([400, 'validation_failed'])
  expect(actions.calls).toEqual([])
})

test.each([{ origin: 'http://elsewhere.test' }, { origin: 'null' }, { origin: 'http://panel.test:81' }])(
  "a page of %j can't act",
  async (headers) => {
    const actions = recordActions()
    const response = await post(createApp(actions), '/demo/actions/burst', { count: 1 }, headers)
    expect([response.statusCode, actions.calls]).toEqual([401, []])
  },
)

test('who asks for too much at once is told so', async () => {
  let finish = (): void => undefined
  const pending = new Promise<void>((resolve) => (finish = resolve))
  const app = createApp({ ...recordActions(), newOrder: () => pending })
  const waiting = Array.from({ length: 8 }, () => post(app, '/demo/actions/new-order', {}))
  await new Promise((resolve) => setImmediate(resolve))
  expect((await post(app, '/demo/actions/new-order', {})).statusCode).toBe(503)
  finish()
  expect((await Promise.all(waiting)).map(({ statusCode }) => statusCode)).toEqual(Array(8).fill(204))
})
