import { Redis } from 'ioredis'
import type { Arena } from '../arena.ts'
import { register } from '../traffic.ts'
import { browser } from './browser.ts'
import { WITHOUT_REDIS } from './redis.ts'
import { ingestOf, repeating, together, under, type Breakage, type Scenario } from './scenario.ts'

/** Of the first gateway. */
const restart = async ({ gateways: [gateway] }: Arena, env?: Readonly<Record<string, string>>): Promise<void> => {
  await gateway!.kill()
  await gateway!.start(env)
}

/** Breaks by a gateway whose clock is ahead of PostgreSQL's, so that it seems to send each event late. */
function withClockAhead(ms: number): Breakage {
  const page = browser()
  const clock = `data:text/javascript,Date.now=(now=>()=>now()+${ms})(Date.now)`
  return {
    async break(arena, monitoring) {
      await restart(arena, { NODE_OPTIONS: `--import=${clock}` })
      await page.break(arena, monitoring)
    },
    async repair(arena, monitoring) {
      await restart(arena)
      // Its page shows that events are in time again.
      await page.break(arena, monitoring)
    },
    cleanUp: (...system) => page.repair(...system),
  }
}

/** So many that one is always just committed when gateways read the database. */
const REGISTRATIONS = repeating((arena, index) => register(ingestOf(arena), `G-late-${index}`))

async function command({ redis }: Arena, ...words: readonly [string, ...string[]]): Promise<void> {
  const client = new Redis(redis.url)
  try {
    await client.call(...words)
  } finally {
    client.disconnect()
  }
}

/** Breaks by a right that the user of Redis has lost. */
const WITHOUT_PUBLISH: Breakage = {
  break: (arena) => command(arena, 'ACL', 'SETUSER', 'default', '-publish'),
  repair: (arena) => command(arena, 'ACL', 'LOAD'),
}

/** Events that reach pages late, and receipts that come back late. */
export const LATE_EVENTS: readonly Scenario[] = [
  {
    what: 'the clock of a gateway is four seconds ahead',
    alert: 'PaxyoEventsLate',
    severity: 'ticket',
    ...withClockAhead(4_000),
    runbook: 'set the clocks',
  },
  {
    what: 'kill -9 of Redis: events',
    alert: 'PaxyoEventSloBurning',
    severity: 'page',
    // Gateways read them once a second from PostgreSQL.
    ...under(together(browser(), REGISTRATIONS), WITHOUT_REDIS),
    runbook: 'as for the alert that also fires',
  },
  {
    what: 'the clock of a gateway is two seconds ahead',
    alert: 'PaxyoEventSloEroding',
    severity: 'ticket',
    ...withClockAhead(2_000),
    runbook: 'as for [PaxyoEventSloBurning]',
  },
  {
    what: 'the services may not publish',
    alert: 'PaxyoPublishFailing',
    severity: 'ticket',
    ...WITHOUT_PUBLISH,
    runbook: "or its user's permissions (`+publish` on `CHANNEL_PREFIX*`)",
  },
  {
    what: 'gateways may not publish the receipts of a page',
    alert: 'PaxyoReceiptsStuck',
    severity: 'ticket',
    ...under(browser(), WITHOUT_PUBLISH),
    runbook: 'load it (`ACL LOAD`)',
  },
]
