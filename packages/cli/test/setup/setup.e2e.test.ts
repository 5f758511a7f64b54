import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  bundleProgram,
  createTestAuthority,
  eventually,
  freePort,
  hostEnvironment,
  providePhp,
  provideProgram,
  startPhpServer,
  startProcess,
  type ServiceProcess,
  type TestAuthority,
} from '@paxyo/testkit'
import { apacheConfig, caddyConfig, nginxConfig } from '@paxyo/web-server'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { jwtVerify } from 'jose'
import type { Diagnostic } from '@paxyo/database/diagnostic'
import { machineWarnings } from '../../src/setup/machine-warnings.ts'
import { paxyo, type Ran } from '../paxyo.ts'
import { startWebServer, type WebServer } from './web-servers.ts'

// The written files are used: by a real nginx, Apache and Caddy with TLS, by systemd, by PHP, and by the standalone.

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const STANDALONE = await bundleProgram(join(ROOT, 'services/standalone/src/main.ts'))

let dir: string
let authority: TestAuthority
let ca: string
let standalone: ServiceProcess
let panel: Server
let panelOrigin: string
let panelStatus = 401
let port: number

const folderOf = (name: string): string => join(dir, name)
const readIn = (name: string, file: string): string => readFileSync(join(folderOf(name), file), 'utf8')
const envOf = (name: string): Record<string, string> => parseEnv(readIn(name, '.env')) as Record<string, string>

/** Runs `setup --yes` with the test's certificate, port and panel. */
const write = (name: string, options: Readonly<Record<string, string>>, ...flags: string[]): Promise<Ran> => {
  const given = {
    folder: folderOf(name),
    'panel-origin': panelOrigin,
    port: String(port),
    cert: join(dir, 'site.crt'),
    key: join(dir, 'site.key'),
    'data-dir': join(dir, 'data'),
    ...options,
  }
  return paxyo(['setup', '--yes', ...flags, ...Object.entries(given).map(([key, value]) => `--${key}=${value}`)])
}

interface Checked {
  readonly code: number | null
  readonly isReady: boolean
  readonly byName: Readonly<Record<string, Diagnostic>>
}

async function check(name: string, ...args: string[]): Promise<Checked> {
  const ran = await paxyo(['setup', '--check', '--json', `--folder=${folderOf(name)}`, `--ca=${ca}`, ...args])
  const { isReady, checks } = ran.json() as { isReady: boolean; checks: Diagnostic[] }
  return { code: ran.code, isReady, byName: Object.fromEntries(checks.map((one) => [one.check, one])) }
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'paxyo-setup-'))
  chmodSync(dir, 0o755)
  authority = createTestAuthority()
  const { cert, key } = authority.issue(['localhost', '127.0.0.1'])
  for (const [name, pem] of Object.entries({ 'ca.crt': authority.ca, 'site.crt': cert, 'site.key': key })) {
    writeFileSync(join(dir, name), pem)
  }
  ca = join(dir, 'ca.crt')
  port = await freePort()
  panel = createServer({ cert, key }, (_request, response) =>
    response.writeHead(panelStatus).end('{"token":"x","balance":"$1.00"}'),
  )
  const panelPort = await freePort()
  panelOrigin = `https://localhost:${panelPort}`
  panel.listen(panelPort, '127.0.0.1')
  await once(panel, 'listening')

  const first = await write('first', { host: 'rt.example.com' })
  if (first.code !== 0) throw new Error(first.stderr)
  standalone = await startProcess(STANDALONE, envOf('first'))
})
afterAll(async () => {
  await standalone?.end('SIGTERM')
  panel?.close()
  rmSync(dir, { recursive: true, force: true })
})

const curlStatus = (url: string, ...options: string[]): number => {
  const args = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', ca, ...options, url]
  return Number(spawnSync('curl', args, { encoding: 'utf8' }).stdout)
}

/** The names of the files of a web server that contain the webhook's token. */
const logsWithToken = (folder: string): string =>
  spawnSync('grep', ['-rl', envOf('first')['WEBHOOK_TOKENS']!, folderOf(folder)], { encoding: 'utf8' }).stdout

describe.each<[WebServer, string]>([
  ['nginx', 'localhost.nginx.conf'],
  ['apache', 'localhost.apache.conf'],
  ['caddy', 'Caddyfile'],
])('%s', (proxy, file) => {
  test('serves the script, wss and webhooks over TLS with the written configuration, and nothing else', async () => {
    const publicPort = await freePort()
    mkdirSync(folderOf(proxy))
    // The secrets of an existing .env are kept: the running standalone has them.
    copyFileSync(join(folderOf('first'), '.env'), join(folderOf(proxy), '.env'))
    const { code } = await write(proxy, { host: `localhost:${publicPort}`, proxy })
    expect(code).toBe(0)
    const before = await check(proxy)
    expect([before.code, before.isReady]).toEqual([1, false])
    expect(before.byName).toMatchObject({
      service: { status: 'ok' },
      dns: { status: 'ok' },
      tls: { status: 'failed', hint: expect.stringContaining('Start the web server') },
      wss: { status: 'skipped' },
    })

    await using cleanup = new AsyncDisposableStack()
    cleanup.use(await startWebServer(proxy, folderOf(`${proxy}-server`), join(folderOf(proxy), file), publicPort))
    const { code: checkedCode, byName } = await check(proxy)
    const statuses = Object.fromEntries(Object.entries(byName).map(([name, { status }]) => [name, status]))
    expect({ statuses, failures: Object.values(byName).filter(({ status }) => status !== 'ok') }).toEqual({
      statuses: {
        secrets: 'ok',
        service: 'ok',
        dns: 'ok',
        tls: 'ok',
        script: 'ok',
        wss: 'ok',
        origin: 'ok',
        token: 'ok',
        stream: 'ok',
        'token-route': 'ok',
        'balance-route': 'ok',
        webhook: 'ok',
        'end-to-end': 'ok',
      },
      failures: [],
    })
    expect(checkedCode).toBe(0)
    expect(byName['end-to-end']!.message).toMatch(/on the page after \d+ ms/)

    const url = `https://localhost:${publicPort}`
    const statusOf = (path: string, ...options: string[]): number => curlStatus(`${url}${path}`, ...options)
    for (const path of [
      '/',
      '/v1/orders',
      '/docs',
      '/readyz',
      '/metrics',
      '/wsx',
      '/streamx',
      '/asyncapi.json',
      '/ws/../v1/orders',
    ]) {
      expect([path, statusOf(path)]).toEqual([path, 404])
    }
    expect(statusOf('/stream', '-X', 'OPTIONS', '-H', `Origin: ${panelOrigin}`)).toBe(204)
    expect(logsWithToken(`${proxy}-server`)).toBe('')
    await cleanup.disposeAsync()

    // Nor has a log the token when Paxyo does not respond.
    const path = join(folderOf(proxy), file)
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(`127.0.0.1:${port}`, '127.0.0.1:1'))
    await using without = new AsyncDisposableStack()
    without.use(await startWebServer(proxy, folderOf(`${proxy}-alone`), path, publicPort))
    const webhook = `/webhooks/godofpanel/${envOf(proxy)['WEBHOOK_TOKENS']}`
    expect([502, 503]).toContain(statusOf(webhook, '-d', '{}'))
    await without.disposeAsync()
    expect(logsWithToken(`${proxy}-alone`)).toBe('')

    // What the console's set-up page shows: the console is at this host, too.
    const { cert, key } = JSON.parse(readIn(proxy, 'setup.json')) as { cert: string; key: string }
    const options = { host: `localhost:${publicPort}`, port, cert, key, servesConsole: true }
    writeFileSync(path, { nginx: nginxConfig, apache: apacheConfig, caddy: caddyConfig }[proxy](options))
    await using withConsole = new AsyncDisposableStack()
    withConsole.use(await startWebServer(proxy, folderOf(`${proxy}-console`), path, publicPort))
    expect(['/console', '/console/setup', '/v1/orders', '/consoles', '/docs', '/ws'].map((at) => statusOf(at))).toEqual(
      [200, 200, 401, 404, 404, 426],
    )
  })
})

test('each problem is named with its fix', async () => {
  const publicPort = await freePort()
  const use = async (): Promise<AsyncDisposable> =>
    startWebServer(
      'nginx',
      mkdtempSync(join(dir, 'server-')) + '/n',
      join(folderOf('broken'), 'localhost.nginx.conf'),
      publicPort,
    )
  mkdirSync(folderOf('broken'))
  copyFileSync(join(folderOf('first'), '.env'), join(folderOf('broken'), '.env'))
  await write('broken', { host: `localhost:${publicPort}` })
  {
    await using cleanup = new AsyncDisposableStack()
    cleanup.use(await use())
    panelStatus = 200
    chmodSync(join(folderOf('broken'), '.env'), 0o644)
    const env = readIn('broken', '.env')
    // As if Paxyo were not restarted after a rotation.
    writeFileSync(
      join(folderOf('broken'), '.env'),
      env.replace(/JWT_SECRETS=..../, 'JWT_SECRETS=0000').replace(/WEBHOOK_TOKENS=..../, 'WEBHOOK_TOKENS=0000'),
    )
    expect((await check('broken')).byName).toMatchObject({
      secrets: { status: 'failed', hint: expect.stringContaining('chmod 600') },
      token: { status: 'failed', hint: expect.stringContaining('JWT_SECRETS') },
      'token-route': { status: 'failed', message: expect.stringContaining('without a session') },
      'balance-route': { status: 'failed', message: expect.stringContaining('without a session') },
      'end-to-end': { status: 'skipped' },
    })
    writeFileSync(join(folderOf('broken'), '.env'), env)
    panelStatus = 404
    // Another panel, to which Paxyo is not open.
    const choices = readIn('broken', 'setup.json')
    writeFileSync(join(folderOf('broken'), 'setup.json'), choices.replace(panelOrigin, 'https://other.invalid'))
    expect((await check('broken')).byName).toMatchObject({
      wss: { status: 'failed', hint: 'Set ALLOWED_ORIGINS=https://other.invalid, and restart it.' },
      'token-route': { status: 'failed' },
      'balance-route': { status: 'failed' },
    })
    writeFileSync(join(folderOf('broken'), 'setup.json'), choices)
    // Without --ca, the authority is unknown.
    const ran = await paxyo(['setup', '--check', `--folder=${folderOf('broken')}`])
    expect(ran.stdout).toMatch(/✗ +tls .*\n.*→ .*--ca/)
    expect(ran.code).toBe(1)
  }
  // The web server without Paxyo behind it, and without the upgrade.
  const path = join(folderOf('broken'), 'localhost.nginx.conf')
  const config = readFileSync(path, 'utf8')
  writeFileSync(path, config.replace(`127.0.0.1:${port};`, '127.0.0.1:1;'))
  {
    await using cleanup = new AsyncDisposableStack()
    cleanup.use(await use())
    expect((await check('broken')).byName).toMatchObject({
      script: { status: 'failed' },
      wss: { status: 'failed', hint: expect.stringContaining('does not reach Paxyo') },
      webhook: { status: 'failed' },
    })
  }
  writeFileSync(path, config.replace('proxy_set_header Upgrade $http_upgrade;', ''))
  {
    await using cleanup = new AsyncDisposableStack()
    cleanup.use(await use())
    expect((await check('broken')).byName).toMatchObject({
      wss: { status: 'failed', hint: expect.stringContaining('does not forward WebSockets') },
    })
  }
  panelStatus = 401
})

test('it never overwrites silently, and its secrets are its owner’s only', async () => {
  const mode = (file: string): number => statSync(join(folderOf('again'), file)).mode & 0o777
  await write('again', { host: 'rt.example.com' })
  const env = readIn('again', '.env')
  for (const file of ['.env', 'paxyo-settings.php']) expect([file, mode(file)]).toEqual([file, 0o600])
  expect(envOf('again')['JWT_SECRETS']).toMatch(/^[0-9a-f]{64}$/)

  const again = await write('again', { host: 'rt.example.com' }, '--json')
  const outcomes = (again.json() as { files: { name: string; outcome: string }[] }).files
  expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['unchanged']))

  writeFileSync(join(folderOf('again'), '.env'), `${env}LOG_LEVEL=warn\n`)
  const other = await write('again', { host: 'rt.example.com', 'panel-origin': 'https://shop.example.com' })
  expect(other.stdout).toMatch(/\.env +kept: it differs/)
  expect(readIn('again', '.env')).toBe(`${env}LOG_LEVEL=warn\n`)
  expect(parseEnv(readIn('again', '.env.new'))).toMatchObject({
    LOG_LEVEL: 'warn',
    ALLOWED_ORIGINS: 'https://shop.example.com',
    JWT_SECRETS: envOf('again')['JWT_SECRETS'],
  })
  expect(mode('.env.new')).toBe(0o600)

  await write('again', { host: 'rt.example.com', 'panel-origin': 'https://shop.example.com' }, '--overwrite')
  expect(envOf('again')['ALLOWED_ORIGINS']).toBe('https://shop.example.com')
  expect(readIn('again', '.env.old')).toBe(`${env}LOG_LEVEL=warn\n`)
  // The terminal shows no secret.
  const { WEBHOOK_TOKENS, PANEL_API_KEYS, JWT_SECRETS } = envOf('again')
  for (const secret of [WEBHOOK_TOKENS!, PANEL_API_KEYS!, JWT_SECRETS!]) {
    expect(again.stdout + other.stdout).not.toContain(secret)
  }
})

test('wrong choices are named together, and without --host nothing is written', async () => {
  expect(await paxyo(['setup', '--yes', `--folder=${folderOf('none')}`])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--host is missing'),
  })
  const wrong = await write('none', { host: 'https://rt.example.com', proxy: 'iis', port: '99999' })
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/--host: must[^]*--proxy: must[^]*--port: /)])
  expect(() => statSync(folderOf('none'))).toThrow('ENOENT')
})

test('it asks what is not given, again after a wrong choice', async () => {
  const { startPaxyo } = await import('../paxyo-process.ts')
  const running = startPaxyo(['setup', `--folder=${folderOf('asked')}`, '--panel=other'], {}, { keepsInput: true })
  running.child.stdin!.end(
    ['no host!', 'rt.example.com', '', 'kept', 'second', 'none', '', '', '', ''].join('\n') + '\n',
  )
  const { code, stderr } = await running.ended
  expect([code, stderr]).toEqual([0, expect.stringContaining('must be a host name')])
  expect(JSON.parse(readIn('asked', 'setup.json'))).toEqual({
    host: 'rt.example.com',
    panelOrigin: 'https://example.com',
    panel: 'other',
    balance: 'kept',
    provider: 'second',
    proxy: 'none',
    cert: '/etc/letsencrypt/live/rt.example.com/fullchain.pem',
    key: '/etc/letsencrypt/live/rt.example.com/privkey.pem',
    port: 443,
    dataDir: '/var/lib/paxyo',
  })
  expect(readIn('asked', 'script-tag.html')).not.toContain('balance')
  expect(envOf('asked')).toMatchObject({
    BALANCE_MODE: 'kept',
    PROVIDERS_FILE: '/etc/paxyo/providers.json',
    TLS_CERT: expect.any(String),
  })
  expect(JSON.parse(readIn('asked', 'providers.json'))).toMatchObject([{ name: 'second' }])
})

test('without a web server the standalone speaks TLS itself with the written .env', async () => {
  const own = await freePort()
  const options = { host: `localhost:${own}`, proxy: 'none', port: String(own), 'data-dir': join(dir, 'own-data') }
  await write('own', options)
  const child = spawn(process.execPath, [STANDALONE], {
    env: { ...hostEnvironment(), ...envOf('own'), HOST: '127.0.0.1' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(output)
    return output.includes('panel key: ')
  })
  const { code, byName } = await check('own')
  expect({ code, failures: Object.values(byName).filter(({ status }) => status !== 'ok') }).toEqual({
    code: 0,
    failures: [],
  })
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})

test.each(['nginx', 'none'])(
  'systemd accepts the unit, and it is closed to what it does not need (%s)',
  async (proxy) => {
    const program = provideProgram(['systemd-analyze'], 'systemd')
    await write(`unit-${proxy}`, {
      host: 'rt.example.com',
      proxy,
      port: proxy === 'none' ? '443' : '8080',
      'data-dir': '/var/lib/paxyo',
    })
    const path = join(folderOf(`unit-${proxy}`), 'paxyo.service')
    const unit = readFileSync(path, 'utf8')
    writeFileSync(path, unit.replace('/usr/bin/node', `"${process.execPath}"`).replaceAll('=paxyo\n', '=root\n'))
    const verified = spawnSync(program, ['verify', '--man=no', path], { encoding: 'utf8' })
    const complaints = (verified.stdout + verified.stderr).split('\n').filter((line) => line.includes(path))
    expect([verified.status, complaints]).toEqual([0, []])
    writeFileSync(path, unit)
    const { stdout } = spawnSync(program, ['security', '--offline=true', '--no-pager', path], { encoding: 'utf8' })
    expect(Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThanOrEqual(
      proxy === 'none' ? 2 : 1.5,
    )
  },
)

test('token.php and balance.php serve a signed-in user only, with the tag that names them', async () => {
  // Secrets that were chosen manually are kept, whatever they contain.
  mkdirSync(folderOf('php'))
  const kept = `JWT_SECRETS="it's #1 of $secrets that are long enough"\nPANEL_API_KEYS='back\\slash\\'\n`
  writeFileSync(join(folderOf('php'), '.env'), kept)
  await write('php', { host: 'rt.example.com' }, '--overwrite')
  const { JWT_SECRETS, PANEL_API_KEYS } = envOf('php')
  expect({ JWT_SECRETS, PANEL_API_KEYS }).toEqual(parseEnv(kept))
  expect(readIn('php', 'paxyo-settings.php')).toContain(String.raw`'back\\slash\\'`)
  const site = join(dir, 'site')
  for (const folder of ['site', 'site/public', 'site/sessions', 'site/ini']) mkdirSync(join(dir, folder))
  copyFileSync(join(folderOf('php'), 'token.php'), join(site, 'public/token.php'))
  const database = join(site, 'panel.sqlite')
  // As the marked line says, with the panel's own connection.
  const connection = /new PDO\('mysql:[^)]*\)/
  expect(readIn('php', 'balance.php')).toMatch(connection)
  const balancePhp = readIn('php', 'balance.php').replace(connection, `new PDO('sqlite:${database}')`)
  writeFileSync(join(site, 'public/balance.php'), balancePhp)
  spawnSync(providePhp('pdo_sqlite'), [
    '-r',
    `$db = new PDO('sqlite:${database}');
    $db->exec("CREATE TABLE users (id text, balance text); INSERT INTO users VALUES ('42', '12.50000000'), ('7', '3')");
    $db->exec("CREATE TABLE orders (id text, user_id text, refunded text); INSERT INTO orders VALUES ('A-1', '42', '0.75000000')");`,
  ])
  copyFileSync(join(folderOf('php'), 'paxyo-settings.php'), join(site, 'paxyo-settings.php'))
  writeFileSync(join(site, 'ini/paxyo.ini'), `session.save_path=${site}/sessions\n`)
  writeFileSync(join(site, 'sessions/sess_signedin'), 'user_id|i:42;')
  writeFileSync(join(site, 'sessions/sess_other'), 'user_id|i:7;')
  await using php = await startPhpServer(join(site, 'public'), { PHP_INI_SCAN_DIR: `:${site}/ini` })

  const anonymous = await fetch(`${php.url}/token.php`)
  expect([anonymous.status, anonymous.headers.get('cache-control')]).toEqual([401, 'no-store'])
  const signedIn = await fetch(`${php.url}/token.php`, { headers: { cookie: 'PHPSESSID=signedin' } })
  const { token } = (await signedIn.json()) as { token: string }
  const key = new TextEncoder().encode(JWT_SECRETS)
  expect((await jwtVerify(token, key, { audience: 'paxyo', algorithms: ['HS256'] })).payload.sub).toBe('42')

  expect((await fetch(`${php.url}/balance.php?orderId=A-1`)).status).toBe(401)
  const balanceOf = async (session: string, query: string): Promise<unknown> => {
    const headers = { cookie: `PHPSESSID=${session}` }
    return (await fetch(`${php.url}/balance.php${query}`, { headers })).json()
  }
  expect(await balanceOf('signedin', '?orderId=A-1')).toEqual({ balance: '$12.50', refunded: '0.75' })
  // Never another user's order, and a balance without an order.
  expect(await balanceOf('other', '?orderId=A-1')).toEqual({ balance: '$3.00', refunded: null })
  expect(readIn('php', 'script-tag.html')).toBe(
    '<script src="https://rt.example.com/paxyo.js" data-token-url="/token.php" data-balance-url="/balance.php"></script>\n',
  )
})

test('what would keep the service from starting is a warning', async () => {
  const named = async (codeDir: string, node: string) =>
    (await machineWarnings({ codeDir, node })).map((found) => [found.check, found.message])
  expect(await named('/opt/paxyo', process.execPath)).toEqual([])
  expect(await named('/root', join(dir, 'no-node'))).toEqual([
    ['code', 'the service cannot read /root'],
    ['node', `${join(dir, 'no-node')} does not run`],
  ])
})
