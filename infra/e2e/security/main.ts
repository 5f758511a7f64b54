import { ledgerViolations } from '@paxyo/testkit'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { createRandom } from '../../chaos/random.ts'
import { sumResults, type AttackResult, type Target } from './attack.ts'
import { startAttackedSystem } from './attacked-system.ts'
import { watchAsBystander } from './bystander.ts'
import { attackWithRaces } from './money-races.ts'
import { runAttacks } from './run-attacks.ts'
import { attackWithSchemathesis, installSchemathesis } from './schemathesis.ts'
import { holdSockets } from './silent-sockets.ts'

const USAGE = `Usage: npm run attack -- [options]

  --minutes <n>           maximum duration (10)
  --inputs <n>            hostile inputs, of all attacks together (100000)
  --sockets <n>           silent connections to the gateway, all the time (2000)
  --races-per-second <n>  racing requests for money (100)
  --examples <n>          requests of Schemathesis for each operation; 0 leaves it out (20)
  --seed <n>              replay the inputs
  --report <file>         write the report as JSON
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    minutes: { type: 'string', default: '10' },
    inputs: { type: 'string', default: '100000' },
    sockets: { type: 'string', default: '2000' },
    'races-per-second': { type: 'string', default: '100' },
    examples: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    report: { type: 'string' },
  },
})
if (values.help) {
  process.stdout.write(USAGE)
  process.exit()
}

const QUIET_MS = 10_000
const INPUTS_PER_ROUND = 1_000

const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`)
const seed = Number(values.seed)
const examples = Number(values.examples)

/** Races at a rate; a second that takes longer is followed by the next one at once. */
async function raceOn(target: Target, isOver: () => boolean): Promise<AttackResult[]> {
  const random = createRandom(seed + 1)
  const results: AttackResult[] = []
  const inputs = Number(values['races-per-second'])
  if (inputs === 0) return results
  while (!isOver()) {
    const [result] = await Promise.all([attackWithRaces({ target, random, inputs, isOver }), sleep(1_000)])
    results.push(result)
  }
  return results
}

async function attackOn(target: Target, isOver: () => boolean): Promise<AttackResult[]> {
  const results: AttackResult[] = []
  for (let round = 0, sent = 0; sent < Number(values.inputs) && !isOver(); round += 1) {
    const found = await runAttacks({ target, seed: seed + round, inputs: INPUTS_PER_ROUND, isOver })
    results.push(...found)
    sent += found.reduce((sum, { inputs }) => sum + inputs, 0)
    log(`${sent} inputs`)
  }
  return results
}

using venv = examples > 0 ? installSchemathesis() : undefined
await using system = await startAttackedSystem()
const { target } = system
const quietUntil = performance.now() + QUIET_MS
const quiet = await watchAsBystander(target, () => performance.now() >= quietUntil)
log(`quiet: ${JSON.stringify(quiet)}`)

const startedAt = performance.now()
const endsAt = startedAt + Number(values.minutes) * 60_000
let isDone = false
const isOver = (): boolean => isDone || performance.now() >= endsAt
const watching = watchAsBystander(target, isOver)
const sockets = holdSockets(target.gatewayUrl, Number(values.sockets), isOver)
const racing = raceOn(target, isOver)
const attacked = await attackOn(target, isOver)
const secondsMax = Math.max(5, Math.round((endsAt - performance.now()) / 1_000))
const documented =
  venv === undefined ? [] : [await attackWithSchemathesis({ target, venv, seed, examples, secondsMax })]
isDone = true

const pool = new pg.Pool({ connectionString: system.databaseUrl, max: 1 })
const report = {
  at: new Date().toISOString(),
  node: process.version,
  options: { ...values, seed },
  seconds: Math.round((performance.now() - startedAt) / 1_000),
  attacks: sumResults([...attacked, ...(await racing), ...documented]),
  socketsOpened: await sockets,
  quiet,
  underAttack: await watching,
  ledgerViolations: await ledgerViolations(pool),
}
await pool.end()
const text = `${JSON.stringify(report, null, 2)}\n`
process.stdout.write(text)
if (values.report !== undefined) writeFileSync(values.report, text)
const isClean = report.attacks.every(({ violations }) => violations.length === 0)
process.exitCode = isClean && Object.keys(report.ledgerViolations).length === 0 ? 0 : 1
