import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { amtool, eventually, startAlertmanager, type Alertmanager } from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

// The configuration that start.sh writes, in a real Alertmanager with real receivers.

const START = fileURLToPath(new URL('../alertmanager/start.sh', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'paxyo-alertmanager-test-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Writes the configuration of an environment. */
function configure(name: string, env: Record<string, string>): { file: string; stderr: string; status: number | null } {
  const file = join(dir, `${name}.yml`)
  const { stderr, status } = spawnSync('sh', [START], {
    env: { PATH: process.env['PATH'], ALERTMANAGER_CONFIG: file, ALERTMANAGER: 'true', ...env },
    encoding: 'utf8',
  })
  return { file, stderr, status }
}

const EMAIL = {
  ALERT_EMAIL_TO: "o'hara@example.com",
  ALERT_EMAIL_FROM: 'paxyo@example.com',
  ALERT_SMTP_HOST: 'smtp.example.com:587',
  ALERT_SMTP_USER: 'paxyo',
  ALERT_SMTP_PASSWORD: `a'b"c\\d: #`,
}

describe('the configuration', () => {
  test.each([
    ['nothing', {}],
    ['webhooks', { ALERT_WEBHOOK_URL: `https://example.com/?a='b'`, ALERT_WATCHDOG_URL: 'https://example.com/w' }],
    ['email', EMAIL],
  ])('of %s is one that Alertmanager takes', (name, env) => {
    const { file, status } = configure(name, env)
    expect(status).toBe(0)
    expect(amtool('check-config', file)).toContain('SUCCESS')
  })

  test('has what was given, whatever characters it has', () => {
    const { global: smtp, receivers } = parse(readFileSync(configure('email', EMAIL).file, 'utf8'))
    expect(smtp.smtp_auth_password).toBe(EMAIL.ALERT_SMTP_PASSWORD)
    expect(receivers[0].email_configs).toEqual([{ to: EMAIL.ALERT_EMAIL_TO, send_resolved: true }])
  })

  test('without a receiver sends nothing, and start says so', () => {
    const { file, stderr } = configure('nothing', {})
    expect(parse(readFileSync(file, 'utf8')).receivers).toEqual([
      { name: 'page' },
      { name: 'ticket' },
      { name: 'watchdog' },
    ])
    expect(stderr).toContain('alerts are sent nowhere')
    expect(stderr).toContain('nothing notices when monitoring stops')
  })

  test.each([
    [{ ALERT_WEBHOOK_URL: 'example.com' }, 'ALERT_WEBHOOK_URL must begin with https:// or http://'],
    [{ ALERT_EMAIL_TO: 'a@example.com' }, 'ALERT_SMTP_HOST is required'],
    [{ ALERT_EMAIL_TO: 'a@example.com', ALERT_SMTP_HOST: 'smtp:25' }, 'ALERT_EMAIL_FROM is required'],
  ])('is not started with %j', (env, problem) => {
    const { status, stderr } = configure('wrong', env)
    expect(status).toBe(1)
    expect(stderr).toContain(problem)
  })

  test('has the routes and times of the one for Kubernetes', () => {
    const path = new URL('../../k8s/components/monitoring/alertmanager-config.yaml', import.meta.url)
    const { spec } = parse(readFileSync(path, 'utf8'))
    const { route, receivers } = parse(readFileSync(configure('nothing', {}).file, 'utf8'))
    const timesOf = (of: Record<string, unknown>): unknown[] => [
      of['receiver'],
      of['group_wait'] ?? of['groupWait'],
      of['group_interval'] ?? of['groupInterval'],
      of['repeat_interval'] ?? of['repeatInterval'],
      of['continue'],
    ]
    expect([spec.route, ...spec.route.routes].map(timesOf)).toEqual([route, ...route.routes].map(timesOf))
    expect(spec.receivers.map(({ name }: { name: string }) => name)).toEqual(
      receivers.map(({ name }: { name: string }) => name),
    )
    const matchersOf = ({ matchers }: { matchers: { name: string; value: string }[] }): string[] =>
      matchers.map(({ name, value }) => `${name}="${value}"`)
    expect(spec.route.routes.map(matchersOf)).toEqual(route.routes.map((each: { matchers: string[] }) => each.matchers))
  })
})

describe('an alert', () => {
  /** What arrived, as `<receiver> <status> <alert>`. */
  const received: string[] = []
  let server: Server
  let alertmanager: Alertmanager

  beforeAll(async () => {
    const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const { status, alerts } = (await json(request)) as {
        status: string
        alerts: { labels: { alertname: string } }[]
      }
      received.push(...alerts.map(({ labels }) => `${request.url} ${status} ${labels.alertname}`))
      response.end()
    }
    server = createServer((request, response) => {
      receive(request, response).catch(() => response.writeHead(500).end())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { file } = configure('running', {
      ALERT_WEBHOOK_URL: `${url}/page`,
      ALERT_TICKET_WEBHOOK_URL: `${url}/ticket`,
      ALERT_WATCHDOG_URL: `${url}/watchdog`,
    })
    // The same routes with shorter times.
    const text = readFileSync(file, 'utf8')
    const shorter = text
      .replaceAll(/group_wait: .+/g, 'group_wait: 0s')
      .replaceAll(/group_interval: .+/g, 'group_interval: 200ms')
      .replaceAll('repeat_interval: 50s', 'repeat_interval: 100ms')
    writeFileSync(file, shorter)
    alertmanager = await startAlertmanager(file)
  })
  afterAll(async () => {
    await alertmanager[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })

  const arrived = (line: string, times = 1): Promise<boolean> =>
    eventually(() => received.filter((each) => each === line).length >= times)

  test('reaches the receiver of its severity, and so does its end', async () => {
    const page = { alertname: 'PaxyoIngestDown', severity: 'page' }
    const ticket = { alertname: 'PaxyoBackupOld', severity: 'ticket' }
    await alertmanager.post([{ labels: page }, { labels: ticket }])
    expect(await arrived('/page firing PaxyoIngestDown')).toBe(true)
    expect(await arrived('/ticket firing PaxyoBackupOld')).toBe(true)

    await alertmanager.post([{ labels: page, endsAt: new Date().toISOString() }])
    expect(await arrived('/page resolved PaxyoIngestDown')).toBe(true)
    expect(received.filter((line) => line.startsWith('/ticket'))).toEqual(['/ticket firing PaxyoBackupOld'])
  })

  test('that others are not delivered reaches both receivers: one of them may be the one that fails', async () => {
    await alertmanager.post([{ labels: { alertname: 'PaxyoAlertsNotDelivered', severity: 'page' } }])
    expect(await arrived('/page firing PaxyoAlertsNotDelivered')).toBe(true)
    expect(await arrived('/ticket firing PaxyoAlertsNotDelivered')).toBe(true)
  })

  test('of the watchdog is repeated to its own receiver, and to no other', async () => {
    await alertmanager.post([{ labels: { alertname: 'PaxyoWatchdog', severity: 'watchdog' } }])
    expect(await arrived('/watchdog firing PaxyoWatchdog', 3)).toBe(true)
    expect(received.filter((line) => line.includes('Watchdog') && !line.startsWith('/watchdog'))).toEqual([])
  })
})
