import type { ArchiveStore } from '@paxyo/database'
import type { ArchiveConfig } from '../archive-config.ts'

/** @returns undefined when no archive is configured. */
export async function openArchive(config: ArchiveConfig): Promise<ArchiveStore | undefined> {
  const { ARCHIVE_DIR: folder, ARCHIVE_S3_BUCKET: bucket } = config
  if (folder !== undefined) return (await import('@paxyo/database')).createFolderStore(folder)
  if (bucket === undefined) return undefined
  const { createS3Store } = await import('./s3-store.ts')
  return createS3Store({
    bucket,
    endpoint: config.ARCHIVE_S3_ENDPOINT,
    region: config.ARCHIVE_S3_REGION,
    prefix: config.ARCHIVE_S3_PREFIX,
    // `archiveProblems` requires both.
    accessKeyId: config.ARCHIVE_S3_ACCESS_KEY_ID!,
    secretAccessKey: config.ARCHIVE_S3_SECRET_ACCESS_KEY!,
  })
}
