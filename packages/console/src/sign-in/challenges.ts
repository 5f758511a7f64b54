import type { Database } from '@paxyo/database'
import { sql, type Kysely } from 'kysely'

const CHALLENGE_SECONDS = 300
/** Anyone can ask for a challenge; the newest ones are kept. */
const CHALLENGES_MAX = 10_000

/** Keeps a challenge until its response. A newer one of the same binding takes its place. */
export async function storeChallenge(db: Kysely<Database>, bindingHash: Buffer, challenge: string): Promise<void> {
  await sql`
    WITH surplus AS (
      DELETE FROM passkey_challenges WHERE expires_at <= clock_timestamp() OR binding_hash IN (
        SELECT binding_hash FROM passkey_challenges ORDER BY expires_at DESC OFFSET ${CHALLENGES_MAX})
    )
    INSERT INTO passkey_challenges (binding_hash, challenge, expires_at)
    VALUES (${bindingHash}, ${challenge}, clock_timestamp() + ${CHALLENGE_SECONDS} * interval '1 second')
    ON CONFLICT (binding_hash) DO NOTHING`.execute(db)
}

/** Takes a challenge, once, also when two requests send it at the same time. */
export async function takeChallenge(db: Kysely<Database>, bindingHash: Buffer): Promise<string | undefined> {
  const row = await db
    .deleteFrom('passkey_challenges')
    .where('binding_hash', '=', bindingHash)
    .returning(['challenge', sql<boolean>`expires_at > clock_timestamp()`.as('isValid')])
    .executeTakeFirst()
  return row?.isValid === true ? row.challenge : undefined
}
