import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import type { DB as Database } from '../schema.generated.ts'
import { readAuditHead, type AuditHead } from './read-log.ts'
import { auditSigningKey, verifyAuditSignature } from './signing-key.ts'

/** A signature of the end that the log had. */
export interface AuditSignature extends AuditHead {
  readonly signedAt: Date
  /** In base64url. */
  readonly publicKey: string
  readonly signature: Buffer
}

/** Less than a day, so that a job that runs once a day signs each time. */
const INTERVAL_MS = 20 * 3_600_000

const signedText = ({ position, hash }: AuditHead, at: Date): string =>
  `paxyo audit log\n${position}:${hash}\n${at.toISOString()}`

/**
 * Signs the end of the audit log, at most once a day, as the owner of the database.
 *
 * @param secret of at least 32 random characters.
 * @returns the signed end; undefined when the log is empty, or was signed within the last 20 hours.
 * @example
 * await signAuditHead(createKysely(pool), '9f8b1c7be2a8630d57c1e09b84fa26d3', new Date()) //=> undefined
 */
export async function signAuditHead(db: Kysely<Database>, secret: string, now: Date): Promise<AuditHead | undefined> {
  const latest = await db
    .selectFrom('audit_log_signatures')
    .select('signed_at')
    .orderBy('signature_id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (latest !== undefined && now.getTime() - latest.signed_at.getTime() < INTERVAL_MS) return undefined
  const head = await readAuditHead(db)
  if (head === undefined) return undefined
  const key = auditSigningKey(secret)
  await db
    .insertInto('audit_log_signatures')
    .values({
      position: head.position,
      hash: Buffer.from(head.hash, 'hex'),
      signed_at: now,
      public_key: key.publicKey,
      signature: key.sign(signedText(head, now)),
    })
    .execute()
  return head
}

/**
 * All signatures, the oldest first. Kept elsewhere, they show whether signatures were removed.
 *
 * @example
 * await readAuditSignatures(createKysely(pool)) //=> []
 */
export async function readAuditSignatures(db: Kysely<Database>): Promise<AuditSignature[]> {
  const rows = await db.selectFrom('audit_log_signatures').selectAll().orderBy('signature_id').execute()
  return rows.map(({ position, hash, signed_at: signedAt, public_key: publicKey, signature }) => ({
    position,
    hash: hash.toString('hex'),
    signedAt,
    publicKey,
    signature,
  }))
}

/**
 * What is wrong with a signature, apart from the entry that it names.
 *
 * @param publicKeys the keys that may sign; none when they are not known.
 */
export function problemOfSignature(signature: AuditSignature, publicKeys: readonly string[]): string | undefined {
  const { publicKey, signedAt } = signature
  if (!verifyAuditSignature(publicKey, signedText(signature, signedAt), signature.signature)) return 'it is forged'
  return publicKeys.length > 0 && !publicKeys.includes(publicKey) ? `its key ${publicKey} is not known` : undefined
}

/**
 * How long ago the log was signed, in seconds; undefined when it never was.
 *
 * @example
 * await readSignatureAgeS(pool) //=> undefined
 */
export async function readSignatureAgeS(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ ageS: number | null }>(
    `SELECT greatest(0, extract(epoch FROM now() - max(signed_at)))::float8 AS "ageS" FROM audit_log_signatures`,
  )
  return rows[0]!.ageS ?? undefined
}
