import { eventually, startAlertmanager, startPrometheus, type Alertmanager } from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shortenRules } from './shorten-rules.ts'

const OBSERVABILITY = new URL('../deploy/observability/', import.meta.url)
const SCRAPE_MS = 500

/** What arrived at a receiver. */
interface Received {
  readonly receiver: string
  readonly alert: string
  readonly status: 'firing' | 'resolved'
  readonly atMs: number
}

/** Prometheus, Alertmanager and the receivers of a person. */
export interface Monitoring {
  readonly alertmanager: Alertmanager
  readonly received: readonly Received[]
  /** Receivers that reject what they get. */
  readonly failing: Set<string>
  /** Waits until a receiver gets the alert. @returns the milliseconds since a moment. */
  receives(alert: string, status: Received['status'], sinceMs: number, timeoutMs: number): Promise<number>
}

/** @param targets ports of metrics by job. */
export async function startMonitoring(
  { dir, factor, targets }: { dir: string; factor: number; targets: Readonly<Record<string, readonly number[]>> },
  resources: AsyncDisposableStack,
): Promise<Monitoring> {
  const received: Received[] = []
  const failing = new Set<string>()
  const server = createServer(async (request, response) => {
    const receiver = (request.url ?? '').slice(1)
    let body = ''
    for await (const chunk of request) body += String(chunk)
    if (failing.has(receiver)) return response.writeHead(400).end()
    const { alerts } = JSON.parse(body) as { alerts: { status: Received['status']; labels: { alertname: string } }[] }
    const atMs = Date.now()
    for (const { status, labels } of alerts) received.push({ receiver, alert: labels.alertname, status, atMs })
    return response.end()
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
  return {
    alertmanager,
    received,
    failing,
    async receives(alert, status, sinceMs, timeoutMs) {
      const find = () => received.find((one) => one.alert === alert && one.status === status && one.atMs >= sinceMs)
      return (await eventually(() => find(), timeoutMs)).atMs - sinceMs
    },
  }
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
