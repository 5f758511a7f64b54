import { eventually, startAlertmanager, startPrometheus, type Alertmanager } from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { shortenRules } from './shorten-rules.ts'

const OBSERVABILITY = new URL('../deploy/observability/', import.meta.url)
/** Also on a busy machine a process responds within it. */
const SCRAPE_MS = 2_000

/** How long the receiver of the watchdog waits until it raises an alarm: minutes in production, where it is repeated every minute. */
const SILENCE_MS = 10_000

/** Alerts that fire all the time, or for as long as their range. */
const LASTING = /^PaxyoWatchdog$|Slo/

/** An alert that fires, as a receiver knows it. */
interface Received {
  readonly receiver: string
  readonly alert: string
}

/** Prometheus, Alertmanager and the receivers of a person. */
export interface Monitoring {
  readonly alertmanager: Pick<Alertmanager, 'end' | 'restart'>
  /** Receivers that reject what they get: their addresses have changed. */
  readonly rejecting: Set<string>
  /** What the receiver of the watchdog got. */
  readonly watchdog: { readonly count: number; readonly longestGapMs: number }
  /** The receivers that know that an alert fires, from what they got. */
  receiversOf(alert: string): readonly string[]
  /** Waits until a receiver knows that an alert fires. */
  fires(alert: string, timeoutMs: number): Promise<void>
  /** Waits until the receivers know that it ended; without an alert, that all but the watchdog did. */
  ends(alert: string | undefined, timeoutMs: number): Promise<void>
  /** Waits until the receiver of the watchdog raises an alarm, because it has received nothing. */
  isSilent(timeoutMs: number): Promise<void>
  /** Waits until it receives something again. */
  isReceiving(timeoutMs: number): Promise<void>
}

/** @param targets ports of metrics by job. */
export async function startMonitoring(
  { dir, factor, targets }: { dir: string; factor: number; targets: Readonly<Record<string, readonly number[]>> },
  resources: AsyncDisposableStack,
): Promise<Monitoring> {
  /** Alerts that fire, by receiver and fingerprint. */
  const active = new Map<string, Received>()
  const rejecting = new Set<string>()
  const watchdog = createWatchdog()
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const receiver = (request.url ?? '').slice(1)
    if (rejecting.has(receiver)) return void request.resume().once('end', () => response.writeHead(404).end())
    if (receiver === 'watchdog') watchdog.received()
    const { alerts } = (await json(request)) as { alerts: AlertJson[] }
    for (const { status, labels, fingerprint } of alerts) {
      if (status === 'firing') active.set(`${receiver} ${fingerprint}`, { receiver, alert: labels.alertname })
      else active.delete(`${receiver} ${fingerprint}`)
    }
    response.end()
  }
  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.writeHead(500).end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  resources.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const alertmanager = resources.use(await startAlertmanager(writeAlertmanagerConfig(dir, url)))
  for (const name of ['alerts.yml', 'slo.yml']) {
    writeFileSync(join(dir, name), shortenRules(readFileSync(new URL(name, OBSERVABILITY), 'utf8'), factor))
  }
  const jobs = { ...targets, alertmanager: [alertmanager.port] }
  const config = {
    global: {
      scrape_interval: `${SCRAPE_MS}ms`,
      evaluation_interval: `${SCRAPE_MS}ms`,
      scrape_timeout: `${SCRAPE_MS}ms`,
    },
    rule_files: ['alerts.yml', 'slo.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanager.port}`] }] }] },
    scrape_configs: Object.entries(jobs).map(([job_name, ports]) => ({
      job_name,
      static_configs: [{ targets: ports.map((port) => `127.0.0.1:${port}`) }],
    })),
  }
  // JSON is YAML.
  writeFileSync(join(dir, 'prometheus.yml'), JSON.stringify(config))
  resources.use(await startPrometheus(join(dir, 'prometheus.yml')))
  const receiversOf = (alert: string): string[] =>
    [...active.values()].filter((one) => one.alert === alert).map((one) => one.receiver)
  return {
    alertmanager,
    rejecting,
    receiversOf,
    async fires(alert, timeoutMs) {
      await eventually(() => receiversOf(alert).length > 0, timeoutMs)
    },
    async ends(alert, timeoutMs) {
      const isOver = (one: Received): boolean => (alert === undefined ? LASTING.test(one.alert) : one.alert !== alert)
      await eventually(() => [...active.values()].every(isOver), timeoutMs)
    },
    watchdog,
    async isSilent(timeoutMs) {
      await eventually(() => watchdog.silentMs > SILENCE_MS, timeoutMs)
    },
    async isReceiving(timeoutMs) {
      await eventually(() => watchdog.silentMs < SILENCE_MS, timeoutMs)
    },
  }
}

/** The dead man's switch. */
function createWatchdog() {
  let [count, receivedAtMs, longestGapMs] = [0, Date.now(), 0]
  return {
    get count() {
      return count
    },
    /** Without the silences of which it has raised an alarm. */
    get longestGapMs() {
      return longestGapMs
    },
    get silentMs() {
      return Date.now() - receivedAtMs
    },
    received() {
      const gapMs = count === 0 ? 0 : Date.now() - receivedAtMs
      if (gapMs < SILENCE_MS) longestGapMs = Math.max(longestGapMs, gapMs)
      receivedAtMs = Date.now()
      count += 1
    },
  }
}

interface AlertJson {
  readonly status: 'firing' | 'resolved'
  readonly labels: { readonly alertname: string }
  readonly fingerprint: string
}

/** The configuration of docker compose, with shorter times. */
function writeAlertmanagerConfig(dir: string, url: string): string {
  const file = join(dir, 'alertmanager.yml')
  const { status, stderr } = spawnSync('sh', [fileURLToPath(new URL('alertmanager/start.sh', OBSERVABILITY))], {
    env: {
      PATH: process.env['PATH'],
      ALERTMANAGER_CONFIG: file,
      ALERTMANAGER: 'true',
      ALERT_WEBHOOK_URL: `${url}/page`,
      ALERT_TICKET_WEBHOOK_URL: `${url}/ticket`,
      ALERT_WATCHDOG_URL: `${url}/watchdog`,
    },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`start.sh failed:\n${stderr}`)
  const text = readFileSync(file, 'utf8')
    .replaceAll(/group_wait: .+/g, 'group_wait: 0s')
    .replaceAll(/group_interval: .+/g, 'group_interval: 500ms')
    .replaceAll('repeat_interval: 50s', 'repeat_interval: 1s')
  writeFileSync(file, text)
  return file
}
