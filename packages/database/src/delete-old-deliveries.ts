import type { Pool } from 'pg'
import type { ArchiveStore } from './archive/archive-store.ts'
import { checkArchive } from './archive/check-archive.ts'
import { ARCHIVE_WORK, archivePartition, type PartitionPart } from './archive/write-archive.ts'
import { type BodyRetentionResult, removeOldBodies } from './delivery-bodies.ts'
import { dropOldDeliveries, type DeliveryRetentionResult } from './delivery-retention.ts'
import { oneAtATime } from './one-at-a-time.ts'

export interface OldDeliveriesOptions {
  /** Whole days that are kept in addition to today. */
  readonly retentionDays: number
  /** Likewise for what providers sent; 0 keeps it as long as its delivery. */
  readonly bodyRetentionDays: number
  /** Where what is deleted is written first. */
  readonly archive: ArchiveStore | undefined
}

export interface OldDeliveriesResult {
  /** False when another process does it. */
  readonly isDone: boolean
  readonly deliveries: DeliveryRetentionResult
  readonly bodies: BodyRetentionResult
}

const NOTHING: OldDeliveriesResult = {
  isDone: false,
  deliveries: { dropped: [], kept: [], deleted: 0 },
  bodies: { days: [], single: 0 },
}

/**
 * Deletes the deliveries, and the bodies of deliveries, that are older than their retention. Runs daily, as the owner.
 * One process at a time: two that write the same file would leave one without its checksum.
 *
 * @param pool of at least two connections.
 * @throws ArchiveStoreError or ArchiveDamagedError; then nothing was deleted that the archive does not have.
 * @example
 * const options = { retentionDays: 90, bodyRetentionDays: 30, archive: createFolderStore(folder) }
 * (await deleteOldDeliveries(ownerPool, new Date(), options)).bodies //=> { days: [], single: 0 }
 */
export async function deleteOldDeliveries(
  pool: Pool,
  now: Date,
  { retentionDays, bodyRetentionDays, archive }: OldDeliveriesOptions,
): Promise<OldDeliveriesResult> {
  const write =
    archive === undefined
      ? undefined
      : (partition: string, part?: PartitionPart) => archivePartition(pool, archive, partition, part)
  const result = await oneAtATime(pool, ARCHIVE_WORK, async () => {
    if (archive !== undefined) await checkArchive(archive, now)
    const deliveries = await dropOldDeliveries(pool, now, retentionDays, write)
    const bodies = await removeOldBodies(pool, now, bodyRetentionDays, write)
    return { isDone: true, deliveries, bodies }
  })
  return result ?? NOTHING
}
