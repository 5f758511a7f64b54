import { eventually, ledgerViolations } from '@paxyo/testkit'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { createRandom } from '../../chaos/random.ts'
import { observeService, startAttackedSystem } from './attacked-system.ts'
import { startBystander } from './bystander-process.ts'
import { createControlGroups, type ControlGroups } from './control-groups.ts'
import { findFailures } from './find-failures.ts'
import { attackWithRaces } from './money-races.ts'
import { attackWithHostileInputs, HOSTILE_ATTACKS } from './run-attacks.ts'
import { attackWithSchemathesis, installSchemathesis } from './schemathesis.ts'
import { startSilentSockets } from './silent-sockets-thread.ts'
import { attackWithSlowRequests } from './slow-requests.ts'

const USAGE = `Usage: npm run attack -- [options]

  --minutes <n>           how long it lasts; shorter when all inputs are sent (10)
  --inputs <n>            hostile inputs, of all attacks together (100000)
  --inputs-per-second <n> as many at most; by default as many as the services take
  --sockets <n>           unresponsive connections to the gateway, all the time (2000)
  --races-per-second <n>  racing requests for money, all the time (100)
  --examples <n>          requests of Schemathesis for each operation; 0 leaves it out (20)
  --seed <n>              replay the inputs
  --direct                one replica of each service, without HAProxy; by default two of each, behind two HAProxys
  --report <file>         write the report as JSON
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    minutes: { type: 'string', default: '10' },
    inputs: { type: 'string', default: '100000' },
    'inputs-per-second': { type: 'string', default: 'Infinity' },
    sockets: { type: 'string', default: '2000' },
    'races-per-second': { type: 'string', default: '100' },
    examples: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    direct: { type: 'boolean', default: false },
    report: { type: 'string' },
  },
})
if (values.help) {
  process.stdout.write(USAGE)
  process.exit()
}

/** One process may open too few files for all sockets, each of which takes two. */
const LOAD_BALANCERS = 2
const SCHEMATHESIS_SECONDS_MAX = 600
/** Many for each account: every account is settled and read when the attack is over. */
const CONTENDERS = 60

const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`)
const seed = Number(values.seed)
const examples = Number(values.examples)
const ofEach = (all: number): number => all / HOSTILE_ATTACKS.length

const python = examples > 0 ? installSchemathesis() : undefined
const entry = values.direct ? 'direct' : 'haproxy'
using groups = tryToCreateControlGroups()
await using system = await startAttackedSystem({ name: 'attacked', entry, loadBalancers: LOAD_BALANCERS, groups })
// This one is not attacked: its client notices only that the machine is busy.
await using quietSystem = await startAttackedSystem({ name: 'quiet', entry, groups })
const { targets } = system
const [target] = targets
await using bystander = startBystander(target)
await using quietBystander = startBystander(quietSystem.targets[0])
groups?.add('bystander', bystander.pid)
groups?.add('quiet-bystander', quietBystander.pid)

// An attacker has another machine: here the attackers, and each thread of this process, get what the services and the bystanders leave.
execFileSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(process.pid)])
groups?.addAttackers()

// The bystander's page is at one of them, and stays there.
const gatewaySessions = await eventually(async () => {
  const sessions = await system.gatewaySessions()
  return (values.direct || sessions.includes(1)) && sessions
})
log('the attack begins')
const startedAt = performance.now()
const endsAt = startedAt + Number(values.minutes) * 60_000
let isDone = false
const isOver = (): boolean => isDone || performance.now() >= endsAt
const sockets = targets.map(({ gatewayUrl }) =>
  startSilentSockets({ url: gatewayUrl, count: Math.ceil(Number(values.sockets) / targets.length) }),
)
const racesPerSecond = Number(values['races-per-second'])
const racing = attackWithRaces({
  target,
  random: createRandom(seed + 1),
  inputs: racesPerSecond * Number(values.minutes) * 60,
  perSecondMax: racesPerSecond,
  contenders: CONTENDERS,
  isOver,
})
// As many as it can, all the time: their number says nothing.
const slowing = attackWithSlowRequests({ target, random: createRandom(seed + 2), inputs: Infinity, isOver })
const attacked = await Promise.all(
  attackWithHostileInputs({
    target,
    random: createRandom(seed),
    inputs: ofEach(Number(values.inputs)),
    perSecondMax: ofEach(Number(values['inputs-per-second'])),
    isOver,
  }),
)
isDone = true
const [underAttack, quiet] = await Promise.all([bystander.stop(), quietBystander.stop()])
const ofSockets = await Promise.all(sockets.map((each) => each.stop()))
const seconds = Math.round((performance.now() - startedAt) / 1_000)
log('the attack is over')
const attacks = [...attacked, await racing, await slowing]
// Afterwards: with the panel's key it also revokes the tokens of the bystander. Without HAProxy, whose own errors are not in the document.
if (python !== undefined) {
  const withoutHaproxy = { ...target, ingestUrl: system.services[0]!.url }
  attacks.push(
    await attackWithSchemathesis({
      target: withoutHaproxy,
      python,
      seed,
      examples,
      secondsMax: SCHEMATHESIS_SECONDS_MAX,
    }),
  )
}

const pool = new pg.Pool({ connectionString: system.databaseUrl, max: 1 })
const found = {
  attacks,
  quiet,
  underAttack,
  services: await Promise.all(system.services.map(observeService)),
  ledgerViolations: await ledgerViolations(pool),
}
await pool.end()
const failures = findFailures(found)
const inputs = attacks.reduce((sum, attack) => sum + attack.inputs, 0)
const machine = { node: process.version, cores: availableParallelism() }
const report = {
  at: new Date().toISOString(),
  ...machine,
  hasControlGroups: groups !== undefined,
  options: { ...values, seed },
  seconds,
  inputs,
  gatewaySessionsBefore: gatewaySessions,
  ofSockets,
  ...found,
  failures,
}
const text = `${JSON.stringify(report, null, 2)}\n`
process.stdout.write(text)
if (values.report !== undefined) writeFileSync(values.report, text)
process.exitCode = failures.length === 0 ? 0 : 1

function tryToCreateControlGroups(): ControlGroups | undefined {
  try {
    return createControlGroups()
  } catch (error) {
    log(`no control groups, so a process with many threads gets more of a busy core: ${(error as Error).message}`)
    return undefined
  }
}
