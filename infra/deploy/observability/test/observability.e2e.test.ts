import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  connectSocket,
  eventually,
  freePort,
  mintToken,
  promtool,
  startPrometheus,
  type Prometheus,
} from '@paxyo/testkit'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { DASHBOARDS } from '../dashboards.ts'
import { generatedFiles } from '../generate.ts'
import { startSystem, type System } from '../../../e2e/system.ts'

// A real Prometheus scrapes both services under load, with the configuration, rules and dashboards of infra/deploy/observability.

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const SCRAPE_MS = 500
/** Replaces Grafana's `$__rate_interval`: at least four scrapes. */
const RATE_INTERVAL = '4s'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string }
}
const allRules = ['alerts.yml', 'slo.yml'].flatMap((name) => {
  const { groups } = parse(readFileSync(join(FOLDER, name), 'utf8')) as { groups: { rules: Partial<Rule>[] }[] }
  return groups.flatMap((group) => group.rules)
})
const rules = allRules.filter((rule): rule is Rule => rule.alert !== undefined)
const expressions = DASHBOARDS.flatMap(({ uid, graphs }) =>
  graphs.flatMap(({ title, lines }) => lines.map(([expr]) => [`${uid}: ${title}`, expr] as const)),
)

describe('files', () => {
  test.each(['prometheus.yml', 'prometheus.plain.yml'])('%s is one that Prometheus takes', (name) => {
    const counts = promtool('check', 'config', join(FOLDER, name)).match(/\d+(?= rules found)/g)!
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(allRules.length)
  })

  test('what is generated is up to date', () => {
    for (const [path, text] of generatedFiles()) expect(readFileSync(join(FOLDER, path), 'utf8')).toBe(text)
  })

  test('every alert says how bad it is and has an entry in the runbook, and no entry is without its alert', () => {
    const runbook = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8')
    const entries = [...runbook.matchAll(/^### (Paxyo\w+)\n\n([^]*?)(?=^##|$(?![^]))/gm)]

    expect(entries.map(([, name]) => name!).toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted())
    for (const [, name, text] of entries) {
      const parts = ['**Means:**', '**Look at:**', '**Do:**'].filter((part) => !text!.includes(part))
      expect({ name, missing: parts }).toEqual({ name, missing: [] })
    }
    for (const { labels, annotations } of rules) {
      expect(labels.severity).toMatch(/^(page|ticket|watchdog)$/)
      expect(annotations.summary).toMatch(/\.$/)
    }
  })

  test('dashboards and alerts ask only for metrics that there are', () => {
    const documented = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
    const asked = [...expressions.map(([, expr]) => expr), ...rules.map(({ expr }) => expr)]
      .flatMap((expr) => expr.match(/paxyo_\w+/g) ?? [])
      .map((name) => name.replace(/_(bucket|count|sum)$/, ''))

    expect([...new Set(asked)].filter((name) => !documented.includes(`\`${name}\``))).toEqual([])
  })
})

describe('a running system', () => {
  let system: System
  let prometheus: Prometheus
  let dir: string

  beforeAll(async () => {
    const ports = { ingest: await freePort(), gateway: await freePort() }
    system = await startSystem(
      { env: { ALLOWED_ORIGINS: 'https://panel.example.com' } },
      {
        'webhook-ingest': { METRICS_PORT: String(ports.ingest) },
        'ws-gateway': { METRICS_PORT: String(ports.gateway) },
      },
    )
    dir = mkdtempSync(join(tmpdir(), 'paxyo-observability-'))
    cpSync(FOLDER, dir, { recursive: true })
    const config = readFileSync(join(dir, 'prometheus.plain.yml'), 'utf8')
      .replaceAll(/(scrape|evaluation)_interval: 15s/g, `$1_interval: ${SCRAPE_MS}ms`)
      .replace('127.0.0.1:9465', `127.0.0.1:${ports.ingest}`)
      .replace('127.0.0.1:9466', `127.0.0.1:${ports.gateway}`)
    writeFileSync(join(dir, 'test.yml'), config)
    prometheus = await startPrometheus(join(dir, 'test.yml'))
    // Prometheus scrapes its targets for the first time after some seconds.
    await eventually(async () => (await query('up == 1')).length === 2)
    await load(system, 8 * SCRAPE_MS)
  })
  afterAll(async () => {
    await prometheus[Symbol.asyncDispose]()
    await system[Symbol.asyncDispose]()
    rmSync(dir, { recursive: true, force: true })
  })

  const query = async (expr: string): Promise<unknown[]> => {
    const text = expr.replaceAll('$__rate_interval', RATE_INTERVAL)
    const data = await prometheus.ask(`/api/v1/query?query=${encodeURIComponent(text)}`)
    return (data as { result: unknown[] }).result
  }

  test('both services are scraped', async () => {
    expect(await eventually(async () => (await query('up == 1')).length === 2)).toBe(true)
  })

  test('every query of the dashboards has data', async () => {
    // On a busy machine a scrape can be late, and a rate needs two of them.
    await eventually(async () => {
      const withoutData: string[] = []
      for (const [name, expr] of expressions) if ((await query(expr)).length === 0) withoutData.push(`${name}: ${expr}`)
      expect(withoutData).toEqual([])
      return true
    })
  })

  test('every alert is evaluated without an error, and none that wakes somebody fires', async () => {
    const { groups } = (await prometheus.ask('/api/v1/rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string; state?: string }[] }[]
    }
    const evaluated = groups.flatMap((group) => group.rules)
    const alerts = evaluated.filter(({ state }) => state !== undefined)
    expect(alerts.map(({ name }) => name).toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted())
    expect(evaluated.filter(({ health }) => health !== 'ok')).toEqual([])
    for (const { alert, expr, labels } of rules) {
      await eventually(async () => {
        expect({ alert, series: labels.severity === 'page' ? await query(expr) : [] }).toEqual({ alert, series: [] })
        return true
      })
    }
  })

  test('the alert on a missing service fires when it is gone', async () => {
    const { expr } = rules.find(({ alert }) => alert === 'PaxyoGatewayDown')!
    await system.gateway.end('SIGKILL')
    expect(await eventually(async () => (await query(expr)).length === 1)).toBe(true)
  })
})

/** Causes all events that the dashboards show, for `durationMs`. */
async function load(system: System, durationMs: number): Promise<void> {
  const token = await mintToken('user-1')
  const until = Date.now() + durationMs
  for (let index = 0; Date.now() < until; index += 1) {
    const providerOrderId = `P-${index}`
    await system.register({ orderId: `A-${index}`, providerOrderId })
    const client = await connectSocket(system.gateway.url, { token })
    const { epoch, seq } = await client.next('welcome')
    const resumed = await connectSocket(system.gateway.url, { token, resume: { epoch, seq } })
    await resumed.next('welcome')
    await system.webhook([
      { order_id: providerOrderId, status: 'Partial', remains: 300 },
      { order_id: `unknown-${index}`, status: 'Completed' },
      { order_id: providerOrderId, status: 'Completed' },
    ])
    await system.webhook({ order_id: providerOrderId, status: 'Canceled' }, 'a-wrong-token')
    await client.next('event', (event) => event.event === 'order.updated')
    const stranger = { origin: 'https://somebody-else.example.com' }
    await connectSocket(system.gateway.url, stranger).catch(() => undefined)
    client.close()
    resumed.send('no message of ours')
    await resumed.closed()
    await sleep(50)
  }
}
