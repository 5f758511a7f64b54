import pg from 'pg'
import { portOf, type Arena } from '../arena.ts'
import { register, sendStatus } from '../traffic.ts'
import { ingestOf, repeating, sendUpdate, together, under, type Breakage, type Scenario } from './scenario.ts'

/** Breaks by making PostgreSQL unreachable. */
const WITHOUT_POSTGRES: Breakage = {
  async break(arena) {
    // Nothing listens there.
    arena.postgresProxy.target = 1
    arena.postgresProxy.cut()
  },
  async repair(arena) {
    arena.postgresProxy.target = portOf(arena.postgresUrl)
  },
}

export const BLOCKED_ORDER = 'G-blocked'

/** Breaks by a transaction that holds a lock, until it is ended. */
export function locking(statement: string, blocked?: (arena: Arena) => Promise<unknown>): Breakage {
  let holder: pg.Client | undefined
  return {
    async break(arena) {
      // What waits for the lock has been prepared before.
      if (blocked !== undefined) await register(ingestOf(arena), BLOCKED_ORDER)
      holder = new pg.Client({ connectionString: arena.postgresUrl })
      holder.on('error', () => undefined)
      await holder.connect()
      await holder.query(`BEGIN; ${statement}`)
      void blocked?.(arena).catch(() => undefined)
    },
    async repair() {
      await holder?.end()
    },
  }
}

const BLOCKER = 'game-day-blocker'

/** Breaks by a session that locks an account again and again, for a moment. */
export const BLOCKED_IN_TURNS: Breakage = {
  async break(arena) {
    const session = new pg.Client({ connectionString: arena.postgresUrl, application_name: BLOCKER })
    session.on('error', () => undefined)
    await session.connect()
    const block = async (): Promise<void> => {
      const lock = "SELECT FROM accounts WHERE user_id = 'user-1' FOR UPDATE"
      for (;;) await session.query(`BEGIN; ${lock}; SELECT pg_sleep(2); COMMIT`)
    }
    block().catch(() => undefined)
  },
  repair: (arena) =>
    arena.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${BLOCKER}'`),
}

/** PostgreSQL that cannot be reached, is locked, or has no maintenance. */
export const POSTGRES: readonly Scenario[] = [
  {
    what: 'PostgreSQL cannot be reached',
    alert: 'PaxyoDatabaseUnreadable',
    severity: 'page',
    ...WITHOUT_POSTGRES,
    runbook: 'restore it',
  },
  {
    what: 'PostgreSQL cannot be reached: batches',
    alert: 'PaxyoBatchesGivenUp',
    severity: 'page',
    ...together(WITHOUT_POSTGRES, repeating(sendUpdate)),
    runbook: '`database_unavailable`: see',
  },
  {
    what: 'PostgreSQL cannot be reached: webhooks',
    alert: 'PaxyoWebhooksFailing',
    severity: 'page',
    // So many webhooks that each of the short ranges has some: a batch is given up after eight seconds.
    ...together(WITHOUT_POSTGRES, repeating(sendUpdate)),
    runbook: 'as [PaxyoDatabaseUnreadable]',
  },
  {
    what: "a forgotten transaction holds an account's lock",
    alert: 'PaxyoCommitsHanging',
    severity: 'page',
    ...locking("SELECT FROM accounts WHERE user_id = 'user-1' FOR UPDATE", (arena) =>
      sendStatus(ingestOf(arena), BLOCKED_ORDER, 'In progress'),
    ),
    runbook: 'end the transaction that holds the locks',
  },
  {
    what: 'a session keeps locking an account for two seconds',
    alert: 'PaxyoCommitsSlow',
    severity: 'ticket',
    ...under(repeating(sendUpdate), BLOCKED_IN_TURNS),
    runbook: 'end the blocking session',
  },
  {
    what: 'a forgotten transaction holds the end of the changes feed',
    alert: 'PaxyoChangeFeedStuck',
    severity: 'ticket',
    ...locking('SELECT FROM change_feed_head FOR UPDATE'),
    runbook: 'end the session that holds the lock',
  },
  {
    what: 'maintenance has not completed for three days',
    alert: 'PaxyoMaintenanceFailing',
    severity: 'ticket',
    break: (arena) => arena.sql(`UPDATE maintenance_runs SET finished_at = finished_at - interval '3 days'`),
    runbook: 'run `npx paxyo maintain`',
    repair: (arena) => arena.paxyo('maintain'),
  },
  {
    what: 'partitions of the next days are missing',
    alert: 'PaxyoMaintenanceMissing',
    severity: 'ticket',
    break: (arena) =>
      arena.sql(`DO $$ DECLARE part regclass; BEGIN
        FOR part IN SELECT inhrelid::regclass FROM pg_inherits
          WHERE inhparent = 'events'::regclass AND inhrelid::regclass::text > 'events_' || to_char(now() + interval '2 days', 'YYYY_MM_DD')
          AND inhrelid::regclass::text !~ 'default'
        LOOP EXECUTE 'DROP TABLE ' || part; END LOOP; END $$`),
    runbook: '`npx paxyo maintain` as the owner',
    repair: (arena) => arena.paxyo('maintain'),
  },
]
