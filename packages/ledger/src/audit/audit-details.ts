/** What violations consist of, in English, by code. A page translates the codes; the command line shows these. */
export const AUDIT_DETAILS = {
  refunds: 'refunded {refunded} ({elsewhere} of it elsewhere), ledger {paid}, charge {charge}',
  refund_chain: 'refund {refund} begins at {begin}, the one before ended at {end}',
  refund_due: '{status} with {remains} of {quantity} remaining: refunded {refunded}, due {due}',
  refund_owner: 'order {order} of {owner} was refunded to {user}',
  balance: 'balance {balance}, ledger {ledger}',
  balance_not_continued: 'no entry continues from the balance {balance}',
  balance_not_reached: 'no entry leads to the balance {balance}',
  account_totals:
    'kept: refunded {refunded}, orders {orders}; counted: refunded {countedRefunded}, orders {countedOrders}',
  seq_twice: 'seq {seq} exists twice',
  seqs_missing: 'seqs {first} to {last} are missing',
  stream_end: 'last seq {last}, newest event {newest}',
  refund_event: 'the refund of {amount} to {user} for order {order} has no event',
  shown_balance: 'balance {balance}, but the newest event (seq {seq}) shows {shown}',
  outbox_event: 'event {seq} of {user} is in the outbox but does not exist',
  change_missing: 'event {seq} is not in the changes feed',
  change_gap: 'the changes feed goes on at {position} after {before}',
  outcome: 'outcome {outcome}',
  review_missing: 'outcome review ({reason}), but there is no review',
  delivery_stuck: 'waiting for order {providerOrder}, which is registered as {order}',
  approval_stuck: 'a refund for order {order} waits for an approval, but no review is open',
  outbox_old: '{count} events waiting since {since}',
  change_old: 'committed at {since}',
  outgoing_old: '{type} about {subject}, {state} since {since}',
  parked_old: '{outcome}, order {order}, since {since}',
  review_old: '{reason}, order {order}, open since {since}',
} as const satisfies Readonly<Record<string, string>>

export type AuditDetailCode = keyof typeof AUDIT_DETAILS
/** The names of the values in a sentence. */
type NamesIn<Sentence extends string> = Sentence extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never

/** SQL: a code with its values, from SQL expressions. Amounts are texts, because numbers of JSON have fewer digits. */
export const describe = <Code extends AuditDetailCode>(
  code: Code,
  values: Readonly<Record<NamesIn<(typeof AUDIT_DETAILS)[Code]>, string>>,
): string => {
  const texts = Object.entries<string>(values).map(
    ([name, expression]) => `'${name}', coalesce((${expression})::text, 'none')`,
  )
  return `jsonb_build_object('code', '${code}', 'values', jsonb_build_object(${texts.join(', ')}))`
}
