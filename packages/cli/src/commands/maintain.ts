import { setTimeout as sleep } from 'node:timers/promises'
import { action, type Cli } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import { settings } from '../settings.ts'

const CONNECT_TIMEOUT_MS = 5_000
const HOUR_MS = 3_600_000

const SETTINGS = [
  'DATABASE_URL',
  'EVENT_RETENTION_DAYS',
  'DELIVERY_RETENTION_DAYS',
  'DELIVERY_BODY_RETENTION_DAYS',
  'REJECTED_RETENTION_DAYS',
  'PARKED_RETENTION_DAYS',
  'AUDIT_CALL_RETENTION_DAYS',
  'MAINTAIN_EVERY_HOURS',
  'AUDIT_SIGNING_KEYS',
] as const

export const addMaintain: AddCommand = (program, terminal, finished) => {
  program
    .command('maintain')
    .description(
      'create the partitions of the next days and delete what is older than its retention, as the owner (DATABASE_URL); run it daily',
    )
    .option(
      '--recount-totals',
      'also count the totals of all accounts again, and correct those that `paxyo audit` reports',
    )
    .addHelpText(
      'after',
      '\nEVENT_RETENTION_DAYS: how many days of events are kept, in addition to today (7).' +
        '\nDELIVERY_RETENTION_DAYS: how many days of deliveries are kept, at least 8; decided ones only are deleted (90).' +
        '\nDELIVERY_BODY_RETENTION_DAYS: how many days of what providers sent are kept; 0 as long as the deliveries (30).' +
        '\nARCHIVE_DIR: a folder in which deliveries and what providers sent are written before they are deleted.' +
        '\nARCHIVE_S3_BUCKET: a bucket of an S3-compatible store instead, with ARCHIVE_S3_ENDPOINT (of a store that is not' +
        "\nAmazon's), ARCHIVE_S3_REGION, ARCHIVE_S3_PREFIX, ARCHIVE_S3_ACCESS_KEY_ID and ARCHIVE_S3_SECRET_ACCESS_KEY." +
        '\nREJECTED_RETENTION_DAYS: how many days rejected requests are kept (30).' +
        '\nPARKED_RETENTION_DAYS: after how many days a delivery without a registered order is put up for review (30).' +
        '\nAUDIT_CALL_RETENTION_DAYS: how many days of registrations and minted tokens the audit log keeps, at least 7 (90).' +
        '\nMAINTAIN_EVERY_HOURS: the interval at which to repeat until a signal, without a scheduler; 0 runs once (0).' +
        '\nAUDIT_SIGNING_KEYS: secrets; once a day the first one signs the end of the audit log.',
    )
    .action(
      action(terminal, finished, async (cli, { recountTotals }: MaintainOptions) => {
        const chosen = await readSettings(cli)
        const everyMs = chosen.MAINTAIN_EVERY_HOURS * HOUR_MS
        do {
          printResult(cli, await maintain(chosen, recountTotals === true))
        } while (await pause(everyMs, cli.signal))
      }),
    )
}

async function readSettings(cli: Cli) {
  const { ARCHIVE_VARIABLES, archiveProblems } = await import('../archive-config.ts')
  return settings(cli.env, [...SETTINGS, ...ARCHIVE_VARIABLES], archiveProblems)
}

function printResult(cli: Cli, result: Awaited<ReturnType<typeof maintain>>): void {
  cli.print(result, () =>
    [
      `Partitions created: ${list(result.created)}; dropped: ${list(result.dropped)}.`,
      ...(result.deliveriesDoneByAnotherProcess ? ['Another process archives and deletes old deliveries.'] : []),
      `Partitions kept, because deliveries of theirs are not decided: ${list(result.keptUndecided)}.`,
      `Days without the bodies of their deliveries: ${list(result.daysWithoutBodies)}; single bodies deleted: ${result.deletedSingleBodies}.`,
      `Expired verifications and ids of deliveries deleted: ${result.deletedOfDeliveries}.`,
      `Expired idempotency keys deleted: ${result.deletedIdempotencyKeys}.`,
      `Expired rejected requests deleted: ${result.deletedRejectedRequests}.`,
      `Delivered outgoing webhooks deleted: ${result.deletedOutgoingWebhooks}.`,
      `Expired receipts and revocations deleted: ${result.deletedReceipts}.`,
      `Expired calls of the audit log deleted: ${result.deletedAuditCalls}.`,
      ...(result.correctedTotals === undefined
        ? []
        : [`Accounts whose totals were corrected: ${result.correctedTotals}.`]),
      `Provider orders without a registered order, put up for review: ${result.reviewedUnregisteredOrders}.`,
      ...(result.signedAuditHead === undefined
        ? []
        : [`Audit log signed: ${result.signedAuditHead.position}:${result.signedAuditHead.hash}.`]),
    ].join('\n'),
  )
}

const list = (names: readonly string[]): string => names.join(', ') || 'none'

/** @returns false when there is no next time: the interval is 0, or a signal ended the pause. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms === 0) return false
  await sleep(ms, undefined, { signal }).catch(() => undefined)
  return !signal.aborted
}

interface MaintainOptions {
  readonly recountTotals?: true | undefined
}

type Settings = Awaited<ReturnType<typeof readSettings>>

async function maintain(chosen: Settings, isRecount: boolean) {
  const { DATABASE_URL: url, EVENT_RETENTION_DAYS: eventDays } = chosen
  const [signingKey] = chosen.AUDIT_SIGNING_KEYS
  const database = await import('@paxyo/database')
  const { pruneIdempotencyKeys, pruneOutgoingWebhooks, pruneReceipts, pruneRejectedRequests } = database
  const { newId, reviewUnregistered } = await import('@paxyo/ledger')
  const { default: pg } = await import('pg')
  const { explainDatabaseError } = await import('../explain-database-error.ts')
  const { explainArchiveError } = await import('../archive/explain-archive-error.ts')
  const { openArchive } = await import('../archive/open-archive.ts')
  using archive = await openArchive(chosen)
  const pool = new pg.Pool({
    ...database.connectionConfig(url),
    // One of them has the lock for the deletion of deliveries.
    max: 2,
    application_name: 'paxyo-maintain',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: database.COLUMN_TYPES,
  })
  pool.on('error', () => undefined)
  try {
    const now = new Date()
    const { created, dropped } = await database.maintainPartitions(pool, now, { events: eventDays })
    // First: a delivery whose order was not registered in time then waits for a person.
    const reviewedUnregisteredOrders = await reviewUnregistered({ pool, newId }, chosen.PARKED_RETENTION_DAYS)
    const pruned = {
      deletedIdempotencyKeys: await pruneIdempotencyKeys(pool),
      deletedRejectedRequests: await pruneRejectedRequests(pool, chosen.REJECTED_RETENTION_DAYS),
      deletedOutgoingWebhooks: await pruneOutgoingWebhooks(pool),
      deletedReceipts: await pruneReceipts(pool, eventDays),
      deletedAuditCalls: await database.deleteAuditCalls(pool, chosen.AUDIT_CALL_RETENTION_DAYS),
      ...(isRecount ? { correctedTotals: await database.recountTotals(pool) } : {}),
    }
    // The signature then covers all calls until now.
    await database.chainAuditCalls(pool)
    const signedAuditHead =
      signingKey === undefined
        ? undefined
        : await database.signAuditHead(database.createKysely(pool), signingKey, new Date())
    // Last: an archive that cannot be reached stops only the deletion of what it does not have yet.
    const { isDone, deliveries, bodies } = await database.deleteOldDeliveries(pool, now, {
      retentionDays: chosen.DELIVERY_RETENTION_DAYS,
      bodyRetentionDays: chosen.DELIVERY_BODY_RETENTION_DAYS,
      archive,
    })
    const result = {
      created,
      dropped: [...dropped, ...deliveries.dropped],
      deliveriesDoneByAnotherProcess: !isDone,
      keptUndecided: deliveries.kept,
      daysWithoutBodies: bodies.days,
      deletedSingleBodies: bodies.single,
      deletedOfDeliveries: deliveries.deleted,
      ...pruned,
      reviewedUnregisteredOrders,
      signedAuditHead,
    }
    if (isDone) await database.recordMaintenance(pool)
    return result
  } catch (error) {
    throw explainDatabaseError(explainArchiveError(error, chosen), url)
  } finally {
    await pool.end()
  }
}
