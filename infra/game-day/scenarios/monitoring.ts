import type { Scenario } from './scenario.ts'

const TICKET_TIMEOUT_MS = 180_000

/** The way of an alert to a person. */
export const MONITORING: readonly Scenario[] = [
  {
    what: 'the receiver of tickets has another address',
    alert: 'PaxyoAlertsNotDelivered',
    severity: 'page',
    async break(arena, { rejecting }) {
      rejecting.add('ticket')
      // Something must be sent there.
      await arena.gateways[1]!.kill()
    },
    runbook: 'correct the receiver, and restart Alertmanager',
    async repair(arena, monitoring) {
      monitoring.rejecting.delete('ticket')
      await monitoring.alertmanager.end('SIGTERM')
      await monitoring.alertmanager.restart()
      // It sends what still fires.
      await monitoring.fires('PaxyoProcessDown', TICKET_TIMEOUT_MS)
      await arena.gateways[1]!.start()
    },
  },
  {
    what: 'kill -9 of Alertmanager',
    alert: 'PaxyoWatchdog',
    severity: 'watchdog',
    break: (_arena, { alertmanager }) => alertmanager.end('SIGKILL'),
    runbook: 'start what does not run',
    repair: (_arena, { alertmanager }) => alertmanager.restart(),
  },
]
