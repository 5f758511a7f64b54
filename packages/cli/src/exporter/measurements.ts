import { createMetricGroup, type MetricGroup } from '@paxyo/service-kit'
import { statfs } from 'node:fs/promises'
import type { DatabaseSize } from './read-database-size.ts'
import { readExpiry } from './read-expiry.ts'
import { readLastBackup } from './read-last-backup.ts'

export interface MeasurementOptions {
  /** Files, or `host:port` of servers. */
  readonly certificates: readonly string[]
  readonly backupDir: string | undefined
  /** Folders. */
  readonly disks: readonly string[]
  readonly readDatabaseSize: (() => Promise<DatabaseSize>) | undefined
  readonly onError: (error: unknown, name: string) => void
}

const DESCRIBED = {
  certificate_expiry_timestamp_seconds: { help: 'When a certificate expires.', labels: ['name'] },
  backup_completed_timestamp_seconds: { help: 'When the last backup was completed.', labels: ['name'] },
  backup_size_bytes: { help: 'Size of the last backup, when it is a file.', labels: ['name'] },
  disk_size_bytes: { help: 'Size of the disk of a folder.', labels: ['name'] },
  disk_available_bytes: { help: 'What is left of it for programs without special rights.', labels: ['name'] },
  database_size_bytes: { help: 'Size of the database with its indexes.' },
  database_wal_retained_bytes: { help: 'WAL that PostgreSQL keeps for the replication slot furthest behind.' },
  exporter_measured: { help: '0 when the value of that name could not be measured, 1 when it was.', labels: ['name'] },
} as const

/** Metrics that are measured at each scrape. One that fails is absent, and does not affect the others. */
export function createMeasurements(options: MeasurementOptions): MetricGroup {
  const { certificates, backupDir, disks, readDatabaseSize, onError } = options
  const group = createMetricGroup('paxyo_')
  group.gauges(DESCRIBED, async (gauges) => {
    const measure = async (name: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work()
        gauges.exporter_measured.set({ name }, 1)
      } catch (error) {
        gauges.exporter_measured.set({ name }, 0)
        onError(error, name)
      }
    }
    await Promise.all([
      ...certificates.map((name) =>
        measure(name, async () =>
          gauges.certificate_expiry_timestamp_seconds.set({ name }, (await readExpiry(name)).getTime() / 1000),
        ),
      ),
      ...(backupDir === undefined ? [] : [backupDir]).map((name) =>
        measure(`backups in ${name}`, async () => {
          const { completedAtMs, bytes } = await readLastBackup(name)
          gauges.backup_completed_timestamp_seconds.set({ name }, completedAtMs / 1000)
          if (bytes !== undefined) gauges.backup_size_bytes.set({ name }, bytes)
        }),
      ),
      ...disks.map((name) =>
        measure(`disk of ${name}`, async () => {
          const { bsize, blocks, bfree, bavail } = await statfs(name)
          // Without what is reserved for root, as df counts.
          gauges.disk_size_bytes.set({ name }, (blocks - bfree + bavail) * bsize)
          gauges.disk_available_bytes.set({ name }, bavail * bsize)
        }),
      ),
      ...(readDatabaseSize === undefined ? [] : [readDatabaseSize]).map((read) =>
        measure('database', async () => {
          const { bytes, retainedBytes } = await read()
          gauges.database_size_bytes.set(bytes)
          if (retainedBytes !== undefined) gauges.database_wal_retained_bytes.set(retainedBytes)
        }),
      ),
    ])
  })
  return group
}
