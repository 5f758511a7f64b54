import { fromSentences, type Diagnostic } from './diagnostic.ts'

/** What the checks of a database find, by code. A page translates the codes; the command line shows these sentences. */
export const DATABASE_SENTENCES = {
  audit_log_empty: { message: 'the audit log is empty' },
  audit_log_signed: {
    message: 'the audit log was signed {count} hours ago',
    hint: 'Does paxyo maintain run daily, with AUDIT_SIGNING_KEYS?',
  },
  audit_log_unsigned: { message: 'the audit log is not signed (AUDIT_SIGNING_KEYS of paxyo maintain)' },
  changes_complete: { message: 'every change is in the changes feed' },
  changes_missing: {
    message: 'a change has been missing from the changes feed for {seconds} s',
    hint: 'Is webhook-ingest running?',
  },
  clock_agrees: { message: 'agrees with the local clock within {ms} ms' },
  clock_ahead: {
    message: 'the local clock is {difference} ahead of that of {server}',
    hint: 'Synchronize all machines with NTP (timedatectl set-ntp true): otherwise tokens and signatures are rejected.',
  },
  clock_behind: {
    message: 'the local clock is {difference} behind that of {server}',
    hint: 'Synchronize all machines with NTP (timedatectl set-ntp true): otherwise tokens and signatures are rejected.',
  },
  max_connections_low: {
    message: 'max_connections is {value}',
    hint: 'ALTER SYSTEM SET max_connections = 100; then restart PostgreSQL.',
  },
  outbox_empty: { message: 'every batch is published' },
  outbox_waiting: {
    message: '{count} batches are not published yet, the oldest for {seconds} s',
    hint: 'Is webhook-ingest running, and can it reach Redis? Its log has the reason of a failed publish.',
  },
  outgoing_none_waiting: { message: 'no outgoing webhook has been waiting long' },
  outgoing_waiting: {
    message: 'the oldest outgoing webhook has waited for {seconds} s, and {count} were given up',
    hint: 'List them: paxyo outgoing-webhooks list. Try the receiver: paxyo outgoing-webhooks ping.',
  },
  parked_none_long: { message: 'no delivery has been waiting long for its order' },
  parked_waiting: {
    message: 'a delivery has been waiting {count} days for its order to be registered',
    hint: 'Does the panel register every order? List them: paxyo deliveries list --outcome parked.',
  },
  partitions_few: {
    message: 'events and deliveries have partitions for only {count} of the next 3 days',
    hint: 'Run paxyo maintain now, and then daily (cron, or a CronJob).',
  },
  partitions_missing: {
    message: 'events or deliveries have no partition for today',
    hint: 'Run paxyo maintain now, and then daily (cron, or a CronJob).',
  },
  partitions_ready: { message: 'events and deliveries have partitions for the next days' },
  postgres_standby: {
    message: 'this PostgreSQL is a standby, which is read-only',
    hint: 'Set DATABASE_URL to the address of the primary: webhook-ingest writes.',
  },
  postgres_too_old: {
    message: 'PostgreSQL {version} is too old',
    hint: 'Upgrade to {minimum} or newer, preferably 18.',
  },
  postgres_version: { message: 'PostgreSQL {version}' },
  random_page_cost_high: {
    message: 'random_page_cost is {value}, a value for spinning disks',
    hint: 'ALTER SYSTEM SET random_page_cost = 1.1; SELECT pg_reload_conf();',
  },
  reconcile_failed: {
    message: 'the last run could not ask: {error}',
    hint: 'Correct the URL or the key of its API.',
  },
  reconcile_found: {
    message: '{late} of {count} silent orders had ended at the provider without a webhook in the last 7 days',
    hint: 'Does the provider call the webhook for every order? See PaxyoWebhooksMissed.',
  },
  reconcile_not_run: { message: 'scheduled reconciliation has not run for a week (RECONCILE_EVERY_MINUTES)' },
  rejected_kept: {
    message: '{count} webhooks could not be read and are kept',
    hint: 'List them: paxyo rejected list.',
  },
  rejected_none: { message: 'every authenticated webhook could be read' },
  replication_of_primary: { message: 'asked of the primary only' },
  reviews_none_long: { message: 'no review has been open for long' },
  reviews_open: { message: 'a review has been open for {count} days', hint: 'List them: paxyo reviews list.' },
  setting_off: {
    message: '{name} is off: a crash loses committed refunds',
    hint: 'ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();',
  },
  settings_good: { message: 'durable, and suited to SSDs' },
  standbys_asynchronous: {
    message:
      'the primary is {server}, timeline {timeline}; commits wait for none of {count} standbys: a failover loses acknowledged webhooks',
    hint: 'Set synchronous_standby_names, or synchronous_mode in Patroni.',
  },
  standbys_gone: {
    message:
      'the primary is {server}, timeline {timeline}; commits wait for a synchronous standby, and none streams ({count} wait)',
    hint: 'Start the standby, or replace it: "A lost node" in the runbook.',
  },
  standbys_hidden: {
    message:
      'the primary is {server}, timeline {timeline}; as a superuser, GRANT pg_read_all_stats to the login to see its standbys',
  },
  standbys_none: {
    message:
      'the primary is {server}, timeline {timeline}, without a standby: acknowledged data is on one machine only until a backup has it',
  },
  standbys_synchronous: {
    message:
      'the primary is {server}, timeline {timeline}; {synchronous} synchronous and {asynchronous} other standbys, {bytes} bytes behind',
  },
  synchronous_commit_off: {
    message: 'synchronous_commit is off: a crash loses committed refunds',
    hint: 'ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf(); check ALTER ROLE and ALTER DATABASE, too.',
  },
  tables_not_checked: { message: 'roles, partitions and the outbox are checked after the migrations' },
} as const

/** What is checked. A setting of PostgreSQL that is wrong has its own name. */
export const DATABASE_CHECKS = [
  'audit-signature',
  'changes',
  'outbox',
  'outgoing-webhooks',
  'parked',
  'partitions',
  'postgres-clock',
  'postgres-settings',
  'postgres-standby',
  'postgres-version',
  'reconcile',
  'rejected',
  'replication',
  'reviews',
  'tables',
] as const

type Check = (typeof DATABASE_CHECKS)[number] | 'random_page_cost' | 'max_connections' | DurabilitySetting
/** Settings without which a crash loses what was acknowledged. */
export type DurabilitySetting = 'synchronous_commit' | 'fsync' | 'full_page_writes'

export const found: (
  status: Diagnostic['status'],
  check: Check,
  code: keyof typeof DATABASE_SENTENCES,
  values?: Diagnostic['values'],
) => Diagnostic = fromSentences(DATABASE_SENTENCES)
