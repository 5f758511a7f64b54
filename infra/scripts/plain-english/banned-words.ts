/** A word or phrase that this project does not use, and what it uses instead. */
export interface BannedWord {
  /**
   * A regular expression, without regard to case, whose spaces and hyphens stand for separators: a space matches any of
   * them (`key ring`, `keyRing`, `KEY_RING`), a hyphen only those of an identifier or a hyphenated word (`drop-in` and
   * `dropIn`, but not "a drop in throughput").
   */
  readonly phrase: string
  /** The standard term. */
  readonly instead: string
  /** Path prefixes in which the word is banned; everywhere when it is not set. */
  readonly only?: readonly string[]
}

const GATEWAY = ['services/ws-gateway/', 'packages/event-bus/']
const TABS = ['packages/browser-client/', 'packages/paxyo-js/', 'services/demo/page/']
const BENCH = ['infra/bench/']

/** Words for what the field calls something else. */
const TERMS: readonly BannedWord[] = [
  { phrase: 'answer(s|ed|ing|able|er|ers)?', instead: 'response, respond, return' },
  { phrase: 'refus(e|es|ed|ing|al|als)', instead: 'reject' },
  { phrase: 'break(ing)? tests?', instead: 'fault injection' },
  { phrase: 'npm run break', instead: 'npm run chaos' },
  { phrase: 'npm run mutants', instead: 'npm run mutation' },
  { phrase: 'mutants?', instead: 'mutation' },
  { phrase: 'panel webhooks?', instead: 'outgoing webhook' },
  { phrase: 'webhooks? to the panel', instead: 'outgoing webhook' },
  { phrase: '(proofs?|prove|proves) (of |its |their )?origin', instead: 'webhook authentication, authenticateWebhook' },
  { phrase: 'evidence', instead: 'authentication' },
  { phrase: 'order books?', instead: 'order store' },
  { phrase: 'books', instead: 'working set, ledger' },
  { phrase: 'confirm(s|ed|ing|er|ers|ation|ations)?', instead: 'verify, verification' },
  { phrase: 'unconfirmed', instead: 'unverified' },
  { phrase: 'doubt(s|ed|ful)?', instead: 'verify, verification' },
  { phrase: 'turnstiles?', instead: 'concurrency limiter' },
  { phrase: 'lanes?', instead: 'partition' },
  { phrase: 'key rings?', instead: 'API key store' },
  { phrase: 'key holders?', instead: 'authenticated key' },
  { phrase: 'followers?', instead: 'StreamListener', only: GATEWAY },
  { phrase: 'prob(e|es|ed|ing)', instead: 'heartbeat' },
  { phrase: 'fill(s|ed|ing)? (a |an |the |in |every |no |its )?gaps?', instead: 'backfill' },
  { phrase: 'gap fill(s|ed|ing)?', instead: 'backfill' },
  { phrase: 'fill(s|ed|ing)?', instead: 'backfill', only: GATEWAY },
  { phrase: 'drop-ins?', instead: 'embed script' },
  { phrase: 'keep-true', instead: 'bindPage' },
  { phrase: 'newsrooms?', instead: 'toastQueue' },
  { phrase: 'hear(s|d|ing)?', instead: 'receive, onMessage' },
  { phrase: 'tell', instead: 'broadcast, send', only: TABS },
  { phrase: 'tell(s|ing)? (it |them |us |clients |browsers |somebody )?of', instead: 'register, notify' },
  { phrase: 'patience', instead: 'leaderTimeout, timeout' },
  { phrase: 'candida(cy|cies)', instead: 'lockRequest' },
  { phrase: 'let go', instead: 'release, releaseLock' },
  { phrase: 'surroundings', instead: 'context' },
  { phrase: 'has-news', instead: 'mayHaveNewRefunds' },
  { phrase: 'take-in', instead: 'importOne' },
  { phrase: 'bring-forward', instead: 'announceAndApply' },
  { phrase: 'as-it-is', instead: 'currentView' },
  { phrase: 'mischief', instead: 'network faults' },
  { phrase: 'announcers?', instead: 'dispatcher' },
  { phrase: 'amnesia', instead: 'forget' },
  { phrase: 'mend(s|ed|ing)?', instead: 'fix, hint' },
  { phrase: 'rows that are off', instead: 'violations' },
  { phrase: 'findings', instead: 'violations' },
  { phrase: 'epoch renew(s|ed|al)?', instead: 'rotate epoch' },
  { phrase: 'keys forgotten', instead: 'expired keys deleted' },
  { phrase: 'peers?', instead: 'baselines', only: BENCH },
  { phrase: 'beside', instead: '--compare-with, next to', only: BENCH },
  { phrase: 'dying ingest', instead: 'crash-point test' },
  { phrase: 'manners', instead: 'CONNECTION_COMMANDS' },
  { phrase: 'goodbye', instead: 'quit' },
  { phrase: 'quietly', instead: 'without logs, withQuietLogs' },
  { phrase: 'kept secrets', instead: 'generated secrets' },
]

/** Words and turns of phrase that slow a reader down. */
const SENTENCES: readonly BannedWord[] = [
  { phrase: 'nobody', instead: 'no client, no process, no user' },
  { phrase: 'everybody', instead: 'every client, every user' },
  { phrase: 'told', instead: 'receives, is notified' },
  { phrase: 'anew', instead: 'again, from the beginning' },
  { phrase: 'whoever', instead: 'the client that, the process that' },
  { phrase: 'by hand', instead: 'manually' },
  { phrase: "of (one's|its|their|our|your|his|my) own", instead: 'own (a table of its own: its own table)' },
  { phrase: 'in earnest', instead: 'in production' },
  { phrase: 'as (it|they|he) stands?( here| there)?', instead: 'unchanged' },
  { phrase: '(try|tries|tried|trying) again', instead: 'retry' },
  { phrase: '(send|sends|sent|sending) again', instead: 'retry' },
  { phrase: '(say|says|said) hello', instead: 'authenticate, send hello' },
  { phrase: '(is|are) no valid', instead: 'is not a valid' },
  { phrase: 'nothing at this address', instead: 'not found' },
  { phrase: 'can be written down', instead: 'exceeds the maximum' },
  { phrase: 'clients elsewhere', instead: 'draining' },
]

export const BANNED_WORDS: readonly BannedWord[] = [...TERMS, ...SENTENCES]
