import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import {
  bundleProgram,
  connectSocket,
  createTestAuthority,
  eventually,
  freePort,
  hostEnvironment,
  launchChromium,
  mintToken,
  SHORT_LIVED,
  TEST_JWT_SECRET,
  type TestCertificate,
} from '@paxyo/testkit'
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { connect as connectTls } from 'node:tls'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SOURCE = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const MAIN = await bundleProgram(SOURCE)
const CLI = [
  ...SHORT_LIVED,
  await bundleProgram(fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url))),
]

/** The folder of an installation that was started once, with nothing canceled yet. Every test gets its own copy. */
let startedOnce: string
let dataDir: string
const running = new Set<ChildProcess>()
const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'paxyo-standalone-'))
beforeAll(async () => {
  startedOnce = makeFolder()
  dataDir = startedOnce
  const { child } = await start()
  await end(child, 'SIGTERM')
})
afterAll(() => rmSync(startedOnce, { recursive: true, force: true }))
beforeEach(() => {
  dataDir = makeFolder()
  // With its owner, who is PostgreSQL's.
  execFileSync('cp', ['-a', `${startedOnce}/.`, dataDir])
})
afterEach(async () => {
  for (const child of running) await end(child, 'SIGTERM')
  rmSync(dataDir, { recursive: true, force: true })
})

interface Started {
  readonly child: ChildProcess
  readonly address: string
  /** The page's address, and the command to try. */
  readonly page: string
  readonly command: string
  readonly output: () => string
}

/** Starts it and reads the banner. */
async function start(env: Record<string, string> = {}, main = MAIN): Promise<Started> {
  const port = String(await freePort())
  const child = spawn(process.execPath, [...SHORT_LIVED, main], {
    env: { ...hostEnvironment(), DATA_DIR: dataDir, PORT: port, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  // The output of an ended process is complete when it is closed, not on exit.
  let isClosed = false
  child.once('close', () => (isClosed = true))
  await eventually(() => /^panel key: /m.test(output) || isClosed)
  if (isClosed) throw new Error(`it ended:\n${output}`)
  const line = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(output)?.[1] ?? ''
  const address = `http://localhost:${port}`
  return { child, address, page: line('page'), command: line('try'), output: () => output }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  running.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
  return child.exitCode
}

const runCurl = (command: string): string => execFileSync('sh', ['-c', `${command} --silent`], { encoding: 'utf8' })

test('a newcomer opens the page, pastes the command, and sees the refund arrive', async () => {
  rmSync(dataDir, { recursive: true })
  // Like `npm start`.
  const { page: address, command, child, output } = await start({}, SOURCE)
  // Logs of the demo's history would scroll the banner out of sight.
  expect(output()).not.toContain('order registration')
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await page.goto(address)
    await page.waitForSelector('[data-state="live"]')
    await eventually(async () => (await page.locator('[data-order-id]').count()) === 24)

    // The demo moves by itself, and says what each webhook took.
    await page.locator('#trace-shown', { hasText: 'ms' }).waitFor()
    expect(await page.isVisible('#trace-moving')).toBe(true)
    // Until the visitor does something: the order of the command is on top of the page.
    const first = page.locator('[data-order-id]').first()
    expect(await first.getAttribute('data-order-id')).toBe('demo-24')
    expect(JSON.parse(runCurl(command))).toEqual({ results: [{ orderId: '12368', outcome: 'applied', refund: '2.5' }] })
    await first.locator('.badge[data-status="canceled"]').waitFor()
    await page.locator('#trace-summary', { hasText: 'Instagram followers #12368, canceled: on your screen' }).waitFor()
    const hops = await Promise.all(
      ['received', 'committed', 'published', 'shown'].map((hop) => page.textContent(`#trace-${hop}`)),
    )
    for (const hop of hops.slice(1)) expect(hop).toMatch(/^\+\d+(\.\d)? ms$/)
    expect(await page.isVisible('#trace-moving')).toBe(false)
    // Its output takes another way than the page.
    await eventually(() => output().includes('webhook committed'))
    await page.locator('#toasts', { hasText: '$2.50 refunded' }).waitFor()

    expect(await end(child, 'SIGTERM')).toBe(0)
    await page.waitForSelector('[data-state="reconnecting"]')
  } finally {
    await browser.close()
  }
})

test('after kill -9 it starts again with the same data and secrets, and another order to cancel', async () => {
  const first = await start()
  runCurl(first.command)
  await end(first.child, 'SIGKILL')

  const second = await start()
  const token = (command: string): string => /godofpanel\/(\S+)/.exec(command)![1]!
  expect(token(second.command)).toBe(token(first.command))
  expect(JSON.parse(runCurl(second.command))).toMatchObject({ results: [{ orderId: '12367', outcome: 'applied' }] })

  // A panel key that was revoked is replaced: the one of the banner always works.
  const keyOf = ({ output }: Started): string => /^panel key: (\S+)$/m.exec(output())![1]!
  const send = async ({ address }: Started, path: string, key: string, method = 'GET') =>
    fetch(address + path, { method, headers: { authorization: `Bearer ${key}` } })
  const { data } = (await (await send(second, '/v1/keys', keyOf(second))).json()) as { data: { keyId: string }[] }
  const revoked = await send(second, `/v1/keys/${data[0]!.keyId}/revoke`, keyOf(second), 'POST')
  expect([keyOf(second), revoked.status]).toEqual([keyOf(first), 200])

  await end(second.child, 'SIGTERM')
  const third = await start()
  const statuses = [keyOf(second), keyOf(third)].map(async (key) => (await send(third, '/v1/orders', key)).status)
  expect(await Promise.all(statuses)).toEqual([401, 200])
  expect(JSON.parse(runCurl(third.command))).toMatchObject({ results: [{ orderId: '12366', outcome: 'applied' }] })
})

test('a second one on the same data is refused, and its folder is all that the command line needs beside it', async () => {
  const { command, address, child } = await start()
  await expect(start()).rejects.toThrow('another process uses')
  // The first one goes on.
  expect(JSON.parse(runCurl(command))).toMatchObject({ results: [{ outcome: 'applied' }] })
  const paxyo = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    promisify(execFile)(process.execPath, [...CLI, ...args], {
      env: { ...hostEnvironment(), DATA_DIR: dataDir, PORT: new URL(address).port, ...env },
    })

  expect((await paxyo(['orders', 'show', 'demo-24'])).stdout).toMatch(/2\.5/)
  expect((await paxyo(['refunds', 'list', '--json'])).stdout).toContain('"orderId":"demo-24"')
  const { stdout } = await paxyo(['doctor'])
  expect(stdout).toMatch(/skipped +redis/)
  expect(stdout).toMatch(/ok +api-key/)
  expect(stdout).toContain('Healthy')
  expect((await paxyo(['audit'])).stdout).not.toBe('')

  // Without Redis the open page sees a refund of `reconcile` all the same.
  const provider = createHttpServer((_request, response) => response.end('{"status":"Canceled"}'))
  await once(provider.listen(0, '127.0.0.1'), 'listening')
  const providerUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/`
  const { token } = (await (await fetch(`${address}/demo/token`)).json()) as { token: string }
  const page = await connectSocket(address, { token })
  await page.next('welcome')
  const reconciled = await paxyo(['reconcile', 'demo-1'], { PROVIDER_API_URL: providerUrl, PROVIDER_API_KEY: 'a-key' })
  expect(reconciled.stdout).toBe('orders asked about: 1 (1 applied)\nrefunded: demo-1 7.2\n')
  expect(await page.next('event')).toMatchObject({
    order: { orderId: 'demo-1', status: 'canceled' },
    refund: { amount: '7.2' },
  })
  page.close()
  provider.close()

  await end(child, 'SIGTERM')
  await expect(paxyo(['audit'])).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('is not running') })
})

test('its data is copied while webhooks arrive, and the copy starts with all that was acknowledged before', async () => {
  const { command, address, child } = await start()
  runCurl(command)
  const copy = `${dataDir}-copy`
  const others = `${copy}.new`
  const env = { ...hostEnvironment(), DATA_DIR: dataDir, PORT: new URL(address).port }
  const headers = { 'content-type': 'application/json', origin: address }
  const copied = new AbortController()
  const bursts = (async () => {
    do {
      await fetch(`${address}/demo/actions/burst`, { method: 'POST', headers, body: '{"count":20}' })
    } while (!copied.signal.aborted)
  })()
  try {
    mkdirSync(others)
    await promisify(execFile)(process.execPath, [...CLI, 'backup', copy], { env })
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(basename(copy)))).toEqual([
      basename(copy),
      basename(others),
    ])
    copied.abort()
    await bursts
    await expect(promisify(execFile)(process.execPath, [...CLI, 'backup', copy], { env })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('exists'),
    })
    await end(child, 'SIGTERM')

    const restored = await start({ DATA_DIR: copy })
    const restoredEnv = { ...env, DATA_DIR: copy, PORT: new URL(restored.address).port }
    const paxyo = (...args: string[]) => promisify(execFile)(process.execPath, [...CLI, ...args], { env: restoredEnv })
    expect((await paxyo('orders', 'show', 'demo-24')).stdout).toContain('canceled')
    expect((await paxyo('audit')).stdout).toContain('No violations')
    // The server of the copy has the same identifier, and other files.
    const { child: original } = await start()
    const { databasePassword } = JSON.parse(readFileSync(join(copy, 'secrets.json'), 'utf8'))
    const copyPort = readFileSync(join(copy, 'postgres/postmaster.pid'), 'utf8').split('\n')[3]
    const DATABASE_URL = `postgres://postgres:${databasePassword}@127.0.0.1:${copyPort}/postgres`
    const mixed = promisify(execFile)(process.execPath, [...CLI, 'backup', `${copy}-2`], {
      env: { ...env, DATABASE_URL },
    })
    await expect(mixed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('is not the server of') })
    expect(existsSync(`${copy}-2`)).toBe(false)
    await end(original, 'SIGTERM')
    expect(await end(restored.child, 'SIGTERM')).toBe(0)
  } finally {
    copied.abort()
    for (const folder of [copy, others]) rmSync(folder, { recursive: true, force: true })
  }
})

test('a port that is taken ends it with one line, before it makes a database', async () => {
  rmSync(dataDir, { recursive: true })
  dataDir = makeFolder()
  await using taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo

  await expect(start({ PORT: String(port) })).rejects.toThrow(
    new RegExp(`^it ended:\\nCannot start: port ${port} is taken: [^\\n]*\\n$`),
  )
  expect(readdirSync(dataDir)).toEqual([])
})

test('damaged secrets end it, and are left as they are', async () => {
  const path = join(dataDir, 'secrets.json')
  writeFileSync(path, '{"databasePassword":')
  await expect(start()).rejects.toThrow(`Cannot start: ${path} is damaged`)
  expect(readFileSync(path, 'utf8')).toBe('{"databasePassword":')
})

test('a wrong configuration ends it with every problem', async () => {
  const failed = start({ PORT: '0', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://localhost' })
  await expect(failed).rejects.toThrow(
    /PORT: must be at least 1[^]*DATABASE_URL|DATABASE_URL[^]*PORT: must be at least 1/,
  )
})

test('without the demo it has no page; with a certificate it speaks TLS, and a renewed one takes effect while connections stay', async () => {
  const authority = createTestAuthority()
  const files = { TLS_CERT: join(dataDir, 'site.crt'), TLS_KEY: join(dataDir, 'site.key') }
  const install = ({ cert, key }: TestCertificate): void => {
    // As certbot does it: each file is replaced at once.
    for (const [path, pem] of [
      [files.TLS_CERT, cert],
      [files.TLS_KEY, key],
    ] as const) {
      writeFileSync(`${path}.new`, pem)
      renameSync(`${path}.new`, path)
    }
  }
  const first = authority.issue(['localhost'])
  install(first)
  const METRICS_PORT = String(await freePort())
  const { child, output, address } = await start({ DEMO: 'off', JWT_SECRETS: TEST_JWT_SECRET, METRICS_PORT, ...files })
  const expiry = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text()
    return Number(/^paxyo_certificate_expiry_timestamp_seconds\S* (\d+)$/m.exec(text)?.[1])
  }
  const expiryOf = ({ cert }: TestCertificate): number => new X509Certificate(cert).validToDate.getTime() / 1000
  const secure = address.replace('http:', 'https:')
  const served = async (): Promise<string> => {
    const socket = connectTls({ port: Number(new URL(secure).port), servername: 'localhost', ca: authority.ca })
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber
  }
  const serialOf = ({ cert }: TestCertificate): string => new X509Certificate(cert).serialNumber

  expect(await served()).toBe(serialOf(first))
  writeFileSync(join(dataDir, 'ca.crt'), authority.ca)
  const curl = (...args: string[]): string =>
    execFileSync('curl', ['-sS', '--cacert', join(dataDir, 'ca.crt'), ...args], { encoding: 'utf8' })
  expect(output()).not.toMatch(/^(page|try): /m)
  const statuses = ['/', '/demo/token', '/livez'].map((path) =>
    curl('-o', '/dev/null', '-w', '%{http_code}', `${secure}${path}`),
  )
  expect(statuses).toEqual(['404', '404', '200'])
  const page = await connectSocket(secure, { token: await mintToken('u-1'), ca: authority.ca, origin: secure })
  await page.next('welcome')

  writeFileSync(files.TLS_KEY, 'half of a')
  await eventually(() => output().includes('certificate not reloaded'))
  expect(await served()).toBe(serialOf(first))

  expect(await expiry()).toBe(expiryOf(first))
  const renewed = authority.issue(['localhost'], 60)
  install(renewed)
  await eventually(async () => (await served()) === serialOf(renewed))
  expect(await expiry()).toBe(expiryOf(renewed))
  expect(output()).toContain('certificate reloaded')
  // The same connection goes on.
  const key = /^panel key: (.*)$/m.exec(output())![1]!
  const order = { orderId: 'A-1', userId: 'u-1', service: 's', link: 'l', quantity: 1, charge: '1', currency: 'USD' }
  const headers = ['-H', `Authorization: Bearer ${key}`, '-H', 'Content-Type: application/json']
  curl('-f', ...headers, '-d', JSON.stringify(order), `${secure}/v1/orders`)
  expect(await page.next('event')).toMatchObject({ seq: 1, order: { orderId: 'A-1' } })
  page.close()
  expect(await end(child, 'SIGINT')).toBe(0)
})

test('a certificate that cannot be used ends it with the reason', async () => {
  const authority = createTestAuthority()
  const [TLS_CERT, TLS_KEY] = [join(dataDir, 'site.crt'), join(dataDir, 'site.key')]
  writeFileSync(TLS_CERT, authority.issue(['localhost']).cert)
  writeFileSync(TLS_KEY, authority.issue(['localhost']).key)

  await expect(start({ DEMO: 'off', TLS_CERT, TLS_KEY })).rejects.toThrow('the key is not that of the certificate')
  await expect(start({ DEMO: 'off', TLS_CERT, TLS_KEY: join(dataDir, 'none') })).rejects.toThrow('ENOENT')
})

test('the demo has a provider: what its buttons do arrives as webhooks, also after a restart', async () => {
  const first = await start()
  const press = async (address: string, name: string, body: unknown): Promise<number> => {
    const headers = { 'content-type': 'application/json', origin: address }
    const response = await fetch(`${address}/demo/actions/${name}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    return response.status
  }
  const statusOf = async (address: string, orderId: string): Promise<string | undefined> => {
    const { token } = (await (await fetch(`${address}/demo/token`)).json()) as { token: string }
    const socket = await connectSocket(address, { token })
    const { orders = [] } = await socket.next('welcome')
    socket.close()
    return orders.find((order) => order.orderId === orderId)?.status
  }

  expect(await press(first.address, 'act', { action: 'progress', orderId: 'demo-24' })).toBe(204)
  expect(await statusOf(first.address, 'demo-24')).toBe('in_progress')
  expect(await press(first.address, 'new-order', {})).toBe(204)
  expect(await press(first.address, 'burst', { count: 50 })).toBe(204)
  // The command cancels an order that is open at the provider: it is updated before its next webhook.
  expect(JSON.parse(runCurl(first.command))).toEqual({
    results: [{ orderId: '12368', outcome: 'applied', refund: '2.5' }],
  })
  expect(await press(first.address, 'burst', { count: 20 })).toBe(204)
  expect(await statusOf(first.address, 'demo-24')).toBe('canceled')
  await end(first.child, 'SIGTERM')

  const second = await start()
  expect(await press(second.address, 'act', { action: 'cancel', orderId: 'demo-2' })).toBe(204)
  expect(await statusOf(second.address, 'demo-2')).toBe('canceled')
  expect(await press(second.address, 'act', { action: 'partial', orderId: 'demo-404' })).toBe(500)
})
