/**
 * Status words of providers that a person mapped while the services run.
 *
 * Every process reads them once a second, so that a new meaning needs no restart. Words of the configuration take
 * precedence. A word that a process does not know yet opens a review, like every unknown word: a replay processes its
 * delivery, and no update is guessed or lost.
 */

import type { ErrorCode, OrderStatus } from '@paxyo/contracts'
import type { Provider, StatusMap } from '@paxyo/order-core'
import { createWorker } from '@paxyo/service-kit'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import type { Logger } from 'pino'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { readKeyName } from '../transaction/read-key-name.ts'
import { readStatusWord, type StatusWord } from './unknown-word.ts'

/** What a word means. */
export type WordMeaning = OrderStatus | 'ignore'

/** A word with its meaning. */
export interface MappedWord extends StatusWord {
  readonly status: WordMeaning
}

/** Far more words than providers have. */
const WORDS_MAX = 10_000
const RELOAD_INTERVAL_MS = 1_000
const FIRST_READ_MS_MAX = 2_000

const READ_WORDS = `SELECT provider, word, status FROM mapped_words ORDER BY provider, word LIMIT ${WORDS_MAX}`

/**
 * Gives the providers the words that people mapped.
 *
 * @example
 * await loadMappedWords(pool, [])
 */
export async function loadMappedWords(pool: Pool, providers: readonly Provider[]): Promise<void> {
  const { rows } = await pool.query<MappedWord>(READ_WORDS)
  const byProvider = Map.groupBy(rows, ({ provider }) => provider)
  for (const provider of providers) {
    const words = byProvider.get(provider.name) ?? []
    provider.mapWords(Object.fromEntries(words.map(({ word, status }) => [word, status])) satisfies StatusMap)
  }
}

export interface MappedWords {
  /** Settles once they were read for the first time; while the database does not respond, after two seconds. */
  readonly firstRead: Promise<void>
  /** Reads them now. @throws the database's errors. */
  readonly refresh: () => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * Keeps the providers' mapped words up to date.
 *
 * @example
 * const words = createMappedWords({ pool, providers: [], log })
 * await words.refresh()
 * await words.close()
 */
export function createMappedWords(options: {
  readonly pool: Pool
  readonly providers: readonly Provider[]
  readonly log: Logger
}): MappedWords {
  let hasFailed = false
  const worker = createWorker({
    async run() {
      await loadMappedWords(options.pool, options.providers)
      hasFailed = false
    },
    backstopMs: RELOAD_INTERVAL_MS,
    onError(err) {
      if (!hasFailed) options.log.warn({ err }, 'mapped status words not read')
      hasFailed = true
    },
  })
  const first = worker.runNow().catch(() => undefined)
  const timeout = sleep(FIRST_READ_MS_MAX, undefined, { ref: false })
  return { firstRead: Promise.race([first, timeout]), refresh: worker.runNow, close: worker.close }
}

const UPSERT = `
  INSERT INTO mapped_words (provider, word, status, mapped_at, mapped_by)
  VALUES ($1, $2, $3, clock_timestamp(), $4)
  ON CONFLICT (provider, word) DO UPDATE
    SET status = excluded.status, mapped_at = excluded.mapped_at, mapped_by = excluded.mapped_by`
const READ_REVIEW = 'SELECT FROM reviews WHERE review_id = $1'
const READ_WORD = 'SELECT status FROM mapped_words WHERE provider = $1 AND word = $2'

/** A person's request to give a review's word a meaning. */
export interface WordMapping {
  readonly reviewId: string
  readonly status: WordMeaning
  /** The person; the name of the API key when undefined. */
  readonly actor: string | undefined
  readonly keyId: string
}

/** The word, with its meaning before. */
export interface Remapped extends MappedWord {
  readonly before: WordMeaning | null
}

export type WordMappingRejection = Extract<
  ErrorCode,
  'review_not_found' | 'review_without_word' | 'unknown_provider' | 'status_word_configured'
>

/**
 * Gives the unknown word of a review a meaning, for all later updates of its provider. A word that a person mapped can get
 * another meaning; one of the configuration cannot.
 *
 * @example
 * const mapping = { reviewId: newId(), status: 'pending', actor: 'Ann', keyId: 'environment' } as const
 * await commitChangeSet(ledger, (tx) => mapWord(tx, [], mapping)) //=> 'review_not_found'
 */
export async function mapWord(
  tx: LedgerTransaction,
  providers: readonly Provider[],
  { reviewId, status, actor, keyId }: WordMapping,
): Promise<Remapped | WordMappingRejection> {
  const { client } = tx
  const found = await findWord(client, reviewId)
  if (typeof found === 'string') return found
  const { provider: name, word } = found
  const provider = providers.find((one) => one.name === name)
  if (provider === undefined) return 'unknown_provider'
  const { rows } = await client.query<{ status: WordMeaning }>(READ_WORD, [name, word])
  const before = rows[0]?.status ?? null
  if (isConfigured(provider, word, before)) return 'status_word_configured'
  await client.query(UPSERT, [name, word, status, actor ?? (await readKeyName(client, keyId))])
  return { provider: name, word, status, before }
}

/** The word of a review, or why it has none. */
export async function findWord(
  client: Pool | PoolClient,
  reviewId: string,
): Promise<StatusWord | 'review_not_found' | 'review_without_word'> {
  const found = await readStatusWord(client, reviewId)
  if (found !== undefined) return found
  const { rowCount } = await client.query(READ_REVIEW, [reviewId])
  return rowCount === 0 ? 'review_not_found' : 'review_without_word'
}

/** Whether a word has its meaning from the configuration, not from a person. */
function isConfigured(provider: Provider, word: string, mapped: WordMeaning | null): boolean {
  const known = provider.readStatus(word)
  if (known === 'unknown') return false
  return mapped === null || (known === 'ignored' ? 'ignore' : known) !== mapped
}
