import { PANEL_KEY } from '../arena.ts'
import { authorization, post, register } from '../traffic.ts'
import { locking } from './postgres.ts'
import { ingestOf, repeating, together, type Scenario } from './scenario.ts'

/** Callers of the panel API, and what it records of them. */
export const PANEL_API: readonly Scenario[] = [
  {
    what: 'a caller guesses API keys',
    alert: 'PaxyoCredentialsGuessed',
    severity: 'ticket',
    ...repeating((arena, index) => post(`${ingestOf(arena)}/v1/orders`, '{}', authorization(`guess-${index}`))),
    runbook: 'correct the key',
  },
  {
    what: 'a flood of orders, of which some wait for an account that a forgotten transaction has locked',
    alert: 'PaxyoApiQueueFull',
    severity: 'ticket',
    ...together(
      locking("SELECT FROM accounts WHERE user_id = 'user-1' FOR UPDATE"),
      repeating((arena, index) =>
        register(ingestOf(arena), `G-flood-${index}`, index % 4 === 0 ? 'user-1' : `user-flood-${index}`),
      ),
    ),
    runbook: 'slow down the client',
  },
  {
    what: 'webhook-ingest may not write the audit log',
    alert: 'PaxyoAuditEntriesMissing',
    severity: 'ticket',
    async break(arena) {
      await arena.sql('REVOKE INSERT ON audit_log FROM paxyo_ingest')
      await post(`${ingestOf(arena)}/v1/users/user-1/revoke-tokens`, '{}', authorization(PANEL_KEY))
    },
    runbook: 'restore the database',
    repair: (arena) => arena.sql('GRANT INSERT ON audit_log TO paxyo_ingest'),
  },
]
