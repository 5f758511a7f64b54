import { expect, jest, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { centrifugo } from '../fan-out/variants/centrifugo.ts'
import { findRegressions } from '../regression-gate/regression-gate.ts'
import { runBenches } from '../run-benches.ts'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

interface Results {
  readonly samples: readonly { readonly variant: string; readonly figures: Record<string, number> }[]
}

type Run = (args: readonly string[]) => Promise<string>

/** As `npm run bench` does. */
const inNewProcess: Run = async (args) => (await promisify(execFile)(process.execPath, [MAIN, ...args])).stdout

/** Without another process, which would load a thousand modules first. */
const here: Run = async (args) => {
  let printed = ''
  // The figures of each round.
  const notes = jest.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    await runBenches(args, (text) => (printed += text))
  } finally {
    notes.mockRestore()
  }
  return printed
}

/** Runs a benchmark that is too short to measure anything; it shows only that it works. */
async function bench(
  args: readonly [string, ...string[]],
  run = here,
): Promise<{ stdout: string; results: Results; svg: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-bench-results-'))
  try {
    const short = '--rounds 1 --seconds 0.3 --warm-up 0.2 --settle 0.1 --users 100 --orders 4000'
    const options = [...short.split(' '), '--results', folder]
    const stdout = await run([...args, ...options])
    const read = (extension: string): string => readFileSync(join(folder, `${args[0]}.${extension}`), 'utf8')
    return { stdout, results: JSON.parse(read('json')) as Results, svg: read('svg') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('an unknown benchmark or option is named, with those that there are, and none runs', async () => {
  const failure = await inNewProcess(['ingest', 'unknown-name', 'toString']).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(
      /^unknown benchmark: unknown-name, toString\navailable: ingest, fan-out, .*growth.*\n$/,
    ),
  })
  await expect(here(['ingest', '--colour', 'green'])).rejects.toThrow(/^Unknown option '--colour'/)
})

test('the ingest benchmark measures us next to a baseline, and checks every refund', async () => {
  const overHttp = ['webhook-ingest', 'PL/pgSQL call each']
  const names = [...overHttp, 'batches only']
  const only = names.flatMap((name) => ['--only', name])
  const { stdout, results, svg } = await bench(['ingest', '--connections', '4', ...only], inNewProcess)

  // The rate, and then half of it.
  expect(results.samples.map(({ variant }) => variant)).toEqual([...names, ...overHttp])
  for (const { figures } of results.samples) {
    expect(figures['webhooks/s']).toBeGreaterThan(0)
    expect(figures['WAL B/webhook']).toBeGreaterThan(100)
  }
  for (const name of names)
    expect(stdout).toMatch(new RegExp(`${name}: [1-9]\\d* cancellations, each refunded exactly once`))
  expect(svg).toContain('webhook-ingest')
})

test('the fan-out benchmark brings every event to its client, with each of the baselines', async () => {
  const { results } = await bench(['fan-out', '--clients', '50', '--idle', '50', '--rates', '100'])

  const events = results.samples.filter(({ figures }) => 'events/s' in figures)
  expect(new Set(events.map(({ variant }) => variant))).toEqual(
    new Set(['ws-gateway', 'POST /stream', 'plain ws', 'Socket.IO']),
  )
  expect(events.map(({ figures }) => figures['lost'])).toEqual(events.map(() => 0))
})

test('the benchmark of a gateway’s death brings every client back, with what it has missed', async () => {
  const { results } = await bench(['reconnect-storm', '--idle', '50', '--behind', '3'])

  const figures = results.samples[0]?.figures
  expect(figures?.['last one live s']).toBeGreaterThan(0)
  // Two queries at a time collect the clients of 20 ms: their number depends on how long a busy machine takes.
  const gatheredMax = (figures!['last one live s']! * 1000) / 20
  expect(figures!['queries']).toBeLessThan(20 + 2 * gatheredMax)
})

test('the benchmark of several gateways loses no event, and brings the clients of one that dies to the others', async () => {
  const { results } = await bench(['fleet', '--fleet-gateways', '2', '--fleet-clients', '60', '--fleet-rate', '100'])

  const [connecting, events, dying] = results.samples.map(({ figures }) => figures)
  expect(connecting).toMatchObject({ retries: 0 })
  expect(events).toMatchObject({ lost: 0 })
  expect(dying!['last one live s']).toBeGreaterThan(0)
})

test('the end-to-end benchmark brings every webhook to its client, and so does its baseline', async () => {
  // More clients than webhooks: several changes of one order may be committed together, as one event.
  const { results } = await bench(['end-to-end', '--clients', '300', '--webhook-rates', '50'])

  expect(results.samples.map(({ variant }) => variant)).toEqual(['Paxyo', 'one transaction each, plain ws'])
  for (const { figures } of results.samples) expect(figures).toMatchObject({ lost: 0 })
})

test('the benchmark of a failover of Redis loses and misorders nothing', async () => {
  const load = ['--clients', '200', '--failover-rate', '40', '--failover-seconds', '4']
  const { results } = await bench(['redis-failover', ...load, '--only', 'Sentinel: kill -9 of the master'])

  expect(results.samples).toHaveLength(1)
  expect(results.samples[0]!.figures).toMatchObject({ events: 160, lost: 0, misordered: 0 })
})

test('the regression gate reports a ratio that is a third worse than committed, and nothing else', () => {
  const committed = { ingestRate: 6, ingestCpu: 6, fanOutCpu: 0.9, connectCpu: 0.9, idleHeap: 0.9 }

  const good = { ingestRate: 4.1, ingestCpu: 9, fanOutCpu: 0.7, connectCpu: 0.61, idleHeap: 1 }
  expect(findRegressions(good, committed)).toEqual([])
  expect(findRegressions({ ...good, ingestRate: 3.9, fanOutCpu: NaN, idleHeap: 0.59 }, committed)).toEqual([
    'ingestRate is 3.90, committed is 6',
    'fanOutCpu is NaN, committed is 0.9',
    'idleHeap is 0.59, committed is 0.9',
  ])
})

test('a frame of Centrifugo may hold several messages', () => {
  const frame = Buffer.from('{"id":1,"connect":{}}\n{"id":2,"subscribe":{}}\n{"push":{}}\n{}\n')
  const messages = centrifugo.split!(frame)
  expect(messages.map((message) => centrifugo.classify(message))).toEqual(['other', 'live', 'event', 'ping'])
})
