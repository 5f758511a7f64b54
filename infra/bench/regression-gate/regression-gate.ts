import { readFileSync } from 'node:fs'
import { benchFanOut } from '../fan-out/fan-out.ts'
import { plainWs } from '../fan-out/variants/plain-ws.ts'
import { wsGateway } from '../fan-out/variants/ws-gateway.ts'
import { benchIngest, OURS } from '../ingest/ingest.ts'
import { figure, type Report, type Sample } from '../report/samples.ts'
import { median } from '../report/statistics.ts'

/** Ratios of our figures to those of a baseline that ran in turns with it, so that the machine's speed cancels out. */
export type GateRatios = Readonly<Record<'ingestRate' | 'ingestCpu' | 'fanOutCpu' | 'connectCpu' | 'idleHeap', number>>

/** How much worse than committed a ratio may be; a larger difference is a regression, not noise. */
const REGRESSION_MAX = 1 / 3
const ROUNDS = 2
const ROUND_MS = 3_000
/** Enough that the code which their first connects compile is a small part. */
const IDLE_CONNECTIONS = 3_000
const SETTLE_MS = 500

const committedRatios = JSON.parse(readFileSync(new URL('committed.json', import.meta.url), 'utf8')) as GateRatios

/** Measures for about a minute and a half. */
async function measureRatios(): Promise<{ ratios: GateRatios; report: Report }> {
  const baseline = 'one transaction each'
  const ingest = await benchIngest({
    rounds: ROUNDS,
    roundMs: ROUND_MS,
    connections: [256],
    orders: 40_000,
    users: 4_000,
    only: [OURS, baseline],
    atHalf: false,
    nodeArgs: [],
    explain: false,
  })
  const fanOut = await benchFanOut({
    rounds: ROUNDS,
    roundMs: ROUND_MS,
    connections: 1_000,
    rates: [],
    idleConnections: IDLE_CONNECTIONS,
    settleMs: SETTLE_MS,
    only: [wsGateway.name, plainWs.name],
    nodeArgs: [],
  })
  const cpuOf = (samples: readonly Sample[], variant: string, ...names: string[]): number =>
    names.reduce((sum, name) => sum + figureOf(samples, variant, name), 0)
  const ingestCpu = ['node CPU-s/10k', 'postgres CPU-s/10k']
  const plainToOurs = (name: string): number =>
    figureOf(fanOut.samples, plainWs.name, name) / figureOf(fanOut.samples, wsGateway.name, name)
  const ratios = {
    ingestRate: figureOf(ingest.samples, OURS, 'webhooks/s') / figureOf(ingest.samples, baseline, 'webhooks/s'),
    ingestCpu: cpuOf(ingest.samples, baseline, ...ingestCpu) / cpuOf(ingest.samples, OURS, ...ingestCpu),
    fanOutCpu: plainToOurs('node CPU-s/100k'),
    connectCpu: plainToOurs('node CPU-ms/client'),
    idleHeap: plainToOurs('heap kB/client'),
  }
  const samples = [...ingest.samples, ...fanOut.samples]
  const remarks = [...ingest.remarks, ...Object.entries(ratios).map(([name, value]) => `${name} ${value.toFixed(2)}`)]
  return { ratios, report: { name: 'regression-gate', subject: OURS, samples, remarks } }
}

/**
 * Measures, and measures a second time before it reports a regression, because other work on the machine can distort
 * one run.
 *
 * @returns the regressions that both runs show.
 */
export async function regressionGate(): Promise<{ regressions: string[]; report: Report }> {
  const first = await measureRatios()
  if (findRegressions(first.ratios, committedRatios).length === 0) return { regressions: [], report: first.report }
  const { ratios, report } = await measureRatios()
  const better = Object.entries(ratios).map(([name, value]) => [
    name,
    Math.max(value, first.ratios[name as keyof GateRatios]),
  ])
  return { regressions: findRegressions(Object.fromEntries(better) as GateRatios, committedRatios), report }
}

/** The ratios that are more than a third worse than committed. */
export function findRegressions(ratios: GateRatios, committed: GateRatios): string[] {
  return Object.entries(committed)
    .filter(([name, value]) => !(ratios[name as keyof GateRatios] >= value * (1 - REGRESSION_MAX)))
    .map(([name, value]) => `${name} is ${ratios[name as keyof GateRatios].toFixed(2)}, committed is ${value}`)
}

function figureOf(samples: readonly Sample[], variant: string, name: string): number {
  return median(
    figure(
      samples.filter((sample) => sample.variant === variant),
      name,
    ),
  )
}
