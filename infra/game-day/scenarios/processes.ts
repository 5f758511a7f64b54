import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from './scenario.ts'

const STOPPED_MS = 400
const RUNNING_MS = 100

/** Lets a process run a fifth of the time, as a machine that is too small does, until it ends. */
async function throttle(child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGSTOP')
    await sleep(STOPPED_MS)
    child.kill('SIGCONT')
    await sleep(RUNNING_MS)
  }
}

/** Processes that die or do nothing. */
export const PROCESSES: readonly Scenario[] = [
  {
    what: 'kill -9 of one webhook-ingest',
    alert: 'PaxyoProcessDown',
    severity: 'ticket',
    break: (arena) => arena.ingests[1]!.kill(),
    runbook: 'restart it',
    repair: (arena) => arena.ingests[1]!.start(),
  },
  {
    what: 'kill -9 of one ws-gateway',
    alert: 'PaxyoRedundancyLost',
    severity: 'ticket',
    break: (arena) => arena.gateways[1]!.kill(),
    runbook: 'start it again',
    repair: (arena) => arena.gateways[1]!.start(),
  },
  {
    what: 'kill -9 of every webhook-ingest',
    alert: 'PaxyoIngestDown',
    severity: 'page',
    async break(arena) {
      for (const member of arena.ingests) await member.kill()
    },
    runbook: 'fix the problem that the log names',
    async repair(arena) {
      await Promise.all(arena.ingests.map((member) => member.start()))
    },
  },
  {
    what: 'kill -9 of every ws-gateway',
    alert: 'PaxyoGatewayDown',
    severity: 'page',
    async break(arena) {
      for (const member of arena.gateways) await member.kill()
    },
    runbook: 'restart it',
    async repair(arena) {
      await Promise.all(arena.gateways.map((member) => member.start()))
    },
  },
  {
    what: 'a gateway is paused for two seconds',
    alert: 'PaxyoEventLoopBlocked',
    severity: 'ticket',
    async break(arena) {
      const { child } = arena.gateways[0]!.process!
      child.kill('SIGSTOP')
      await sleep(2_000)
      child.kill('SIGCONT')
    },
    runbook: "if one client's requests cause it, block that client",
    repair: async () => undefined,
  },
  {
    what: 'a gateway gets a fifth of a core',
    alert: 'PaxyoEventLoopBusy',
    severity: 'ticket',
    async break(arena) {
      void throttle(arena.gateways[0]!.process!.child)
    },
    runbook: 'restart the busy one',
    async repair(arena) {
      await arena.gateways[0]!.kill()
      await arena.gateways[0]!.start()
    },
  },
]
