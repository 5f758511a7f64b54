import { readFileSync } from 'node:fs'
import { benchFanOut } from '../fan-out/fan-out.ts'
import { wsByHand } from '../fan-out/variants/ws-by-hand.ts'
import { wsGateway } from '../fan-out/variants/ws-gateway.ts'
import { benchIngest, OURS } from '../ingest/ingest.ts'
import { figure, type Report, type Sample } from '../report/samples.ts'
import { median } from '../report/statistics.ts'

/** Ratios of ours to a peer that ran in turns with it, which the machine's own speed cancels out of. */
export type GateRatios = Readonly<Record<'ingestRate' | 'ingestCpu' | 'fanOutCpu', number>>

/** How much worse than committed a ratio may be before it is a finding and no longer noise. */
const LOSS_MAX = 1 / 3
const ROUNDS = 2
const ROUND_MS = 3_000

const committedRatios = JSON.parse(readFileSync(new URL('committed.json', import.meta.url), 'utf8')) as GateRatios

/** A minute of measuring: has anything become much slower since the figures were committed? */
async function measureRatios(): Promise<{ ratios: GateRatios; report: Report }> {
  const peer = 'one transaction each'
  const ingest = await benchIngest({
    rounds: ROUNDS,
    roundMs: ROUND_MS,
    connections: [256],
    orders: 40_000,
    users: 4_000,
    only: [OURS, peer],
    atHalf: false,
    nodeArgs: [],
    explain: false,
  })
  const fanOut = await benchFanOut({
    rounds: ROUNDS,
    roundMs: ROUND_MS,
    connections: 1_000,
    rates: [],
    idleConnections: 0,
    only: [wsGateway.name, wsByHand.name],
    nodeArgs: [],
  })
  const cpuOf = (samples: readonly Sample[], variant: string, ...names: string[]): number =>
    names.reduce((sum, name) => sum + figureOf(samples, variant, name), 0)
  const ingestCpu = ['node CPU-s/10k', 'postgres CPU-s/10k']
  const ratios = {
    ingestRate: figureOf(ingest.samples, OURS, 'webhooks/s') / figureOf(ingest.samples, peer, 'webhooks/s'),
    ingestCpu: cpuOf(ingest.samples, peer, ...ingestCpu) / cpuOf(ingest.samples, OURS, ...ingestCpu),
    fanOutCpu:
      cpuOf(fanOut.samples, wsByHand.name, 'node CPU-s/100k') /
      cpuOf(fanOut.samples, wsGateway.name, 'node CPU-s/100k'),
  }
  const samples = [...ingest.samples, ...fanOut.samples]
  const remarks = [...ingest.remarks, ...Object.entries(ratios).map(([name, value]) => `${name} ${value.toFixed(2)}`)]
  return { ratios, report: { name: 'regression-gate', subject: OURS, samples, remarks } }
}

/**
 * Measures, and once more if something seems to be lost: a machine that others use may lie once.
 *
 * @returns what was lost both times.
 */
export async function regressionGate(): Promise<{ losses: string[]; report: Report }> {
  const first = await measureRatios()
  if (findLosses(first.ratios, committedRatios).length === 0) return { losses: [], report: first.report }
  const { ratios, report } = await measureRatios()
  const better = Object.entries(ratios).map(([name, value]) => [
    name,
    Math.max(value, first.ratios[name as keyof GateRatios]),
  ])
  return { losses: findLosses(Object.fromEntries(better) as GateRatios, committedRatios), report }
}

/** What has become worse by more than a third; empty when all is well. */
export function findLosses(ratios: GateRatios, committed: GateRatios): string[] {
  return Object.entries(committed)
    .filter(([name, value]) => !(ratios[name as keyof GateRatios] >= value * (1 - LOSS_MAX)))
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
