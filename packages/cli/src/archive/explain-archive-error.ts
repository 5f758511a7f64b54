import { ArchiveDamagedError, ArchiveStoreError } from '@paxyo/database'
import { explainNetworkError } from '../explain-network-error.ts'
import { Failure } from '../failure.ts'
import type { ArchiveConfig } from '../archive-config.ts'

const KEYS = 'ARCHIVE_S3_ACCESS_KEY_ID and ARCHIVE_S3_SECRET_ACCESS_KEY'

/** Hints by the code of the store or of the file system. */
const HINTS: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: `The store does not know the key: correct ${KEYS}.`,
  SignatureDoesNotMatch: `The secret does not belong to the key: correct ${KEYS}.`,
  AccessDenied: 'Allow the key to list the bucket, and to read and write its objects.',
  NoSuchBucket: 'Create the bucket, or correct ARCHIVE_S3_BUCKET.',
  AuthorizationHeaderMalformed: 'Set ARCHIVE_S3_REGION to the region of the store.',
  PermanentRedirect: 'Set ARCHIVE_S3_REGION to the region of the bucket.',
  RequestTimeTooSkewed: 'Correct the clock of this machine.',
  ENOSPC: 'Free or add space.',
  EACCES: 'Allow the user of this process to write in the folder.',
  EPERM: 'Allow the user of this process to write in the folder.',
  EROFS: 'Mount the folder so that it can be written.',
  ENOENT: 'Create or mount the folder, or correct ARCHIVE_DIR.',
}

/** @returns the failure to show for an error of the archive; other errors as they are. No message of a store has its secret. */
export function explainArchiveError(error: unknown, { ARCHIVE_S3_ENDPOINT: endpoint }: ArchiveConfig): unknown {
  if (error instanceof ArchiveDamagedError) {
    return new Failure('rejected', error.message, 'Restore the file from a copy.', { cause: error })
  }
  if (!(error instanceof ArchiveStoreError)) return error
  const { name, code } = error.cause as { name?: string; code?: string }
  const hint = HINTS[code ?? ''] ?? HINTS[name ?? '']
  if (hint !== undefined) return new Failure('rejected', error.message, hint, { cause: error })
  const url = new URL(endpoint ?? 'https://s3.amazonaws.com')
  const network = explainNetworkError(error.cause, 'the store of the archive', url, 'ARCHIVE_S3_ENDPOINT')
  return network ?? new Failure('unreachable', error.message, undefined, { cause: error })
}
