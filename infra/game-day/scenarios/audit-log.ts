import { createKysely, signAuditHead } from '@paxyo/database'
import pg from 'pg'
import { PANEL_KEY } from '../arena.ts'
import { authorization, post } from '../traffic.ts'
import { ingestOf, type Scenario } from './scenario.ts'

const SIGNING_KEY = 'the-key-that-signs-the-audit-log-of-32-bytes'
const THREE_DAYS_MS = 3 * 86_400_000

/** What maintenance does for the audit log. */
export const AUDIT_LOG: readonly Scenario[] = [
  {
    what: 'maintenance has had no key to sign the audit log for three days',
    alert: 'PaxyoAuditLogUnsigned',
    severity: 'ticket',
    async break(arena) {
      await post(`${ingestOf(arena)}/v1/users/G-audited/revoke-tokens`, '{}', authorization(PANEL_KEY))
      const pool = new pg.Pool({ connectionString: arena.postgresUrl, max: 1 })
      try {
        await signAuditHead(createKysely(pool), SIGNING_KEY, new Date(Date.now() - THREE_DAYS_MS))
      } finally {
        await pool.end()
      }
    },
    runbook: 'set it, and run `npx paxyo maintain`',
    async repair(arena) {
      arena.commandLine['AUDIT_SIGNING_KEYS'] = SIGNING_KEY
      await arena.paxyo('maintain')
      await arena.paxyo('audit')
    },
  },
]
