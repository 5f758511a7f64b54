import { boundedText } from '@paxyo/contracts'
import { isNear } from '@paxyo/service-kit/address'
import { env } from '@paxyo/service-kit/config'
import type { z } from 'zod'

/** Variables of the archive: a folder, or a bucket of an S3-compatible store. */
export const archiveVariables = {
  ARCHIVE_DIR: env.text.optional(),
  ARCHIVE_S3_BUCKET: boundedText(
    63,
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'must be a bucket: 3 to 63 lowercase letters, digits, and . -',
  ).optional(),
  /** Without it, Amazon's. */
  ARCHIVE_S3_ENDPOINT: env
    .url('https', 'http')
    .refine(isOnlyAnOrigin, 'must have no user, path or query, such as https://s3.example.com')
    .refine(hasTlsIfNeeded, 'must begin with https://, unless its host is this machine or of a private network')
    .optional(),
  ARCHIVE_S3_REGION: boundedText(64, /^[\w-]{1,64}$/, 'must be a region such as eu-central-1').optional(),
  /** A folder in the bucket. */
  ARCHIVE_S3_PREFIX: boundedText(
    256,
    /^[\w.-]+(?:\/[\w.-]+)*\/?$/,
    'must be names of letters, digits, and . _ -, separated by /',
  ).optional(),
  ARCHIVE_S3_ACCESS_KEY_ID: env.text.optional(),
  ARCHIVE_S3_SECRET_ACCESS_KEY: env.text.optional(),
} as const

type Names = keyof typeof archiveVariables
export const ARCHIVE_VARIABLES = Object.keys(archiveVariables) as Names[]

export type ArchiveConfig = { readonly [Name in Names]: z.output<(typeof archiveVariables)[Name]> }

/** Problems between the variables. */
export function archiveProblems(raw: Readonly<Record<string, string | undefined>>): string[] {
  const isSet = (name: Names): boolean => raw[name] !== undefined
  if (!isSet('ARCHIVE_S3_BUCKET')) {
    // Docker compose hands out the keys in any case, and empty ones count as not set.
    const others = (['ARCHIVE_S3_ENDPOINT', 'ARCHIVE_S3_REGION', 'ARCHIVE_S3_PREFIX'] as const).filter(isSet)
    return others.length === 0 ? [] : [`ARCHIVE_S3_BUCKET: is required with ${others.join(' and ')}`]
  }
  const problems: string[] = []
  if (isSet('ARCHIVE_DIR')) problems.push('ARCHIVE_DIR: set either it or ARCHIVE_S3_BUCKET')
  for (const name of ['ARCHIVE_S3_ACCESS_KEY_ID', 'ARCHIVE_S3_SECRET_ACCESS_KEY'] as const) {
    if (!isSet(name))
      problems.push(`${name}: is required with ARCHIVE_S3_BUCKET; set it, or ${name}_FILE to a file with it`)
  }
  if (!isSet('ARCHIVE_S3_ENDPOINT') && !isSet('ARCHIVE_S3_REGION')) {
    problems.push('ARCHIVE_S3_REGION: is required for Amazon S3; for another store set ARCHIVE_S3_ENDPOINT')
  }
  return problems
}

function isOnlyAnOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url === null || (url.username === '' && url.password === '' && url.pathname === '/' && url.search === '')
}

/** The names of containers and services have no dot, or one of these ends. */
const PRIVATE_NAME = /^[^.]+$|\.(?:internal|local|svc)$/

function hasTlsIfNeeded(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.protocol === 'https:') return true
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return isNear(host) || PRIVATE_NAME.test(host)
}
