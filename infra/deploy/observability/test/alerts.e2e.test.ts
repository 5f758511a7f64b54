import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { promtool } from '@paxyo/testkit'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'

// Each alert fires on its condition. promtool replays the series, one value each minute: `0+10x20` starts at 0 and grows by
// 10 twenty times.

interface Rule {
  readonly alert?: string
  readonly record?: string
}
interface Group {
  readonly name: string
  readonly rules: readonly Rule[]
}
const groups = ['alerts.yml', 'slo.yml'].flatMap((name) => {
  const text = readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
  return (parse(text) as { groups: Group[] }).groups
})
const alerts = groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []))

/** One alert with the recording rules that it may use: evaluating all for each case would take minutes. */
function rulesOf(alert: string): { groups: Group[] } {
  const isSlo = alert.includes('Slo')
  const isNeeded = ({ alert: name, record }: Rule): boolean =>
    name === alert || record?.startsWith('paxyo:slo_') === isSlo
  const needed = groups.map(({ rules }, index) => ({ name: `group-${index}`, rules: rules.filter(isNeeded) }))
  return { groups: needed.filter(({ rules }) => rules.length > 0) }
}
const WEBHOOKS = 'paxyo_ingest_webhook_duration_seconds_count'
const CLOSES = 'paxyo_gateway_closes_total'
const tooSlow = (metric: string, boundS: string, aboveS: string): Record<string, string> => ({
  [`${metric}_bucket{le="${boundS}"}`]: '0x40',
  [`${metric}_bucket{le="${aboveS}"}`]: '0+10x40',
  [`${metric}_bucket{le="+Inf"}`]: '0+10x40',
})

interface Case {
  readonly series: Record<string, string>
  readonly firesAfterMin: number
  readonly atOnce?: true
}

const DAY_S = 86_400
const EVENTS = 'paxyo_gateway_event_latency_seconds'
const WITHIN_A_SECOND = 'paxyo_ingest_webhook_duration_seconds_bucket{status="200",le="1"}'

const CASES: Record<string, Case> = {
  PaxyoWatchdog: { series: { up: '1x5' }, firesAfterMin: 1, atOnce: true },
  PaxyoAlertsNotDelivered: {
    series: { 'alertmanager_notifications_failed_total{integration="webhook"}': '0+1x20' },
    firesAfterMin: 8,
  },
  PaxyoMonitoringIncomplete: {
    series: {
      paxyo_certificate_expiry_timestamp_seconds: '1000000000x100',
      paxyo_backup_completed_timestamp_seconds: '0x100',
    },
    firesAfterMin: 65,
  },
  PaxyoCertificateExpiring: {
    series: { 'paxyo_certificate_expiry_timestamp_seconds{name="site"}': `${14 * DAY_S + 600}x200` },
    firesAfterMin: 75,
  },
  PaxyoCertificateExpiresSoon: {
    series: { 'probe_ssl_earliest_cert_expiry{instance="https://rt.example.com"}': `${3 * DAY_S + 600}x200` },
    firesAfterMin: 12,
  },
  // Time begins at 0 here: a backup of 29.8 hours before.
  PaxyoBackupOld: { series: { paxyo_backup_completed_timestamp_seconds: '-107400x60' }, firesAfterMin: 25 },
  PaxyoDiskNearlyFull: {
    series: {
      'paxyo_disk_available_bytes{name="/disks/postgres"}': '200x5 90x20',
      'paxyo_disk_size_bytes{name="/disks/postgres"}': '1000x25',
    },
    firesAfterMin: 13,
  },
  PaxyoDiskFilling: {
    series: {
      'node_filesystem_avail_bytes{mountpoint="/",fstype="ext4"}': '390-0.5x200',
      'node_filesystem_size_bytes{mountpoint="/",fstype="ext4"}': '1000x200',
    },
    firesAfterMin: 70,
  },
  PaxyoWalRetained: { series: { paxyo_database_wal_retained_bytes: '6000000000x20' }, firesAfterMin: 12 },
  PaxyoRedundancyLost: {
    series: { 'up{job="ws-gateway",instance="a"}': '1x60', 'up{job="ws-gateway",instance="b"}': '1x20 stale' },
    firesAfterMin: 35,
  },
  PaxyoWebhookSloBurning: {
    series: { [`${WEBHOOKS}{status="200"}`]: '0+60x60', [WITHIN_A_SECOND]: '0+50x60' },
    firesAfterMin: 20,
  },
  PaxyoWebhookSloEroding: {
    series: { [`${WEBHOOKS}{status="200"}`]: '0+250x100', [WITHIN_A_SECOND]: '0+249x100' },
    firesAfterMin: 60,
  },
  PaxyoEventSloBurning: {
    series: { [`${EVENTS}_count`]: '0+60x60', [`${EVENTS}_bucket{le="1.0"}`]: '0+50x60' },
    firesAfterMin: 20,
  },
  PaxyoEventSloEroding: {
    series: { [`${EVENTS}_count`]: '0+250x100', [`${EVENTS}_bucket{le="1.0"}`]: '0+249x100' },
    firesAfterMin: 60,
  },
  PaxyoIngestDown: { series: { 'up{job="webhook-ingest"}': '0x10' }, firesAfterMin: 2 },
  PaxyoGatewayDown: { series: { 'up{job="ws-gateway"}': '0x10' }, firesAfterMin: 2 },
  PaxyoProcessDown: { series: { 'up{job="ws-gateway",instance="a"}': '0x10' }, firesAfterMin: 6 },
  PaxyoDatabaseUnreadable: { series: { paxyo_ingest_backlog_readable: '0x10' }, firesAfterMin: 3 },
  PaxyoCommitsHanging: { series: { paxyo_ingest_commit_age_seconds: '0x5 20x20' }, firesAfterMin: 8 },
  PaxyoSynchronousStandbyMissing: {
    series: {
      paxyo_ingest_database_synchronous: '1x20',
      'paxyo_ingest_database_standbys{kind="synchronous"}': '1x5 0x20',
    },
    firesAfterMin: 8,
  },
  PaxyoStandbyNotSynchronous: {
    series: {
      paxyo_ingest_database_synchronous: '0x40',
      'paxyo_ingest_database_standbys{kind="asynchronous"}': '1x40',
    },
    firesAfterMin: 12,
  },
  PaxyoStandbyLost: {
    series: {
      'paxyo_ingest_database_standbys{kind="synchronous"}': '1x5 0x40',
      'paxyo_ingest_database_standbys{kind="asynchronous"}': '0x40',
    },
    firesAfterMin: 15,
  },
  PaxyoStandbyMissing: {
    series: {
      'paxyo_ingest_database_standbys{kind="synchronous"}': '1x60',
      'paxyo_ingest_database_standbys{kind="asynchronous"}': '1x10 0x50',
    },
    firesAfterMin: 30,
  },
  PaxyoStandbyLagging: { series: { paxyo_ingest_database_standby_lag_bytes: '300000000x20' }, firesAfterMin: 12 },
  PaxyoArchivingFailing: { series: { paxyo_ingest_database_archiving_failing: '0x5 1x30' }, firesAfterMin: 22 },
  PaxyoPrimaryChanged: {
    series: {
      'paxyo_ingest_database_timeline{server="10.0.0.1:5432"}': '1x20 stale',
      'paxyo_ingest_database_timeline{server="10.0.0.2:5432"}': '_x20 2x40',
    },
    firesAfterMin: 25,
  },
  PaxyoEpochRotated: { series: { paxyo_ingest_epoch_rotations_total: '0x5 1x20' }, firesAfterMin: 8 },
  PaxyoDatabaseBehindClients: {
    series: {
      'paxyo_gateway_clients_ahead_total{instance="a",outcome="rejected"}': '0+5x30',
      'paxyo_ingest_cursors_ahead_total{instance="b",outcome="void"}': '0x5 1x20',
    },
    firesAfterMin: 8,
  },
  PaxyoEventLoopBusy: { series: { 'nodejs_eventloop_lag_p99_seconds{job="ws-gateway"}': '0.5x20' }, firesAfterMin: 11 },
  PaxyoEventLoopBlocked: {
    series: { 'nodejs_eventloop_lag_max_seconds{job="ws-gateway"}': '0.1x5 2 0.1x20' },
    firesAfterMin: 7,
  },
  PaxyoWebhooksUnreadable: {
    series: { 'paxyo_ingest_rejected_requests_total{provider="godofpanel",reason="malformed_json"}': '0x5 1x20' },
    firesAfterMin: 7,
  },
  PaxyoApiQueueFull: {
    series: { 'paxyo_ingest_api_queue_full_total{door="console",access="write",reason="time"}': '0+5x40' },
    firesAfterMin: 12,
  },
  PaxyoRejectedRequestsDeleted: {
    series: { paxyo_ingest_rejected_requests_deleted_total: '0x5 7x20' },
    firesAfterMin: 8,
  },
  PaxyoRejectedRequestsGrowing: {
    series: { paxyo_ingest_rejected_requests_trim_failures_total: '0x5 0+1x80' },
    firesAfterMin: 40,
  },
  PaxyoCredentialsGuessed: {
    series: {
      'paxyo_ingest_authentication_failures_total{door="panel_api",result="throttled"}': '0+30x30',
      'paxyo_ingest_authentication_failures_total{door="webhook",result="rejected"}': '0+30x30',
    },
    firesAfterMin: 10,
  },
  PaxyoAuditLogUnsigned: {
    series: { paxyo_ingest_audit_log_signature_age_seconds: '86400+0x60 172860+60x100' },
    firesAfterMin: 130,
  },
  PaxyoMaintenanceFailing: { series: { paxyo_ingest_maintenance_age_seconds: '172700+60x200' }, firesAfterMin: 120 },
  PaxyoMaintenanceMissing: { series: { paxyo_ingest_event_partition_days: '7x10 6x100 5x100' }, firesAfterMin: 180 },
  PaxyoWebhooksFailing: {
    series: { [`${WEBHOOKS}{status="503"}`]: '0+1x20', [`${WEBHOOKS}{status="200"}`]: '0+10x20' },
    firesAfterMin: 8,
  },
  PaxyoWebhooksUnauthorized: { series: { [`${WEBHOOKS}{status="401"}`]: '0+10x30' }, firesAfterMin: 20 },
  PaxyoWebhooksSilent: { series: { [`${WEBHOOKS}{status="200"}`]: '5x500' }, firesAfterMin: 400 },
  PaxyoBatchesGivenUp: {
    series: { 'paxyo_ingest_batch_failures_total{reason="internal_error"}': '0+1x20' },
    firesAfterMin: 8,
  },
  PaxyoQueueGrowing: { series: { paxyo_ingest_waiting_deliveries: '6000x10' }, firesAfterMin: 2 },
  PaxyoCommitsSlow: { series: tooSlow('paxyo_ingest_commit_duration_seconds', '1', '2.5'), firesAfterMin: 13 },
  PaxyoRefundsUnusual: {
    series: {
      'paxyo_ingest_refunded_money_total{currency="USD"}': '0+1x1500 1500+100x100',
      'paxyo_ingest_refunds_total{currency="USD"}': '0+1x1500 1500+10x100',
    },
    firesAfterMin: 1570,
  },
  PaxyoRefundsInNewCurrency: {
    series: {
      'paxyo_ingest_refunded_money_total{currency="EUR"}': '_x5 1+100x40',
      'paxyo_ingest_refunds_total{currency="EUR"}': '_x5 1+10x40',
    },
    firesAfterMin: 20,
  },
  PaxyoErasureUnfinished: { series: { paxyo_ingest_erasure_age_seconds: '2000x20' }, firesAfterMin: 6 },
  PaxyoParkedDeliveries: { series: { paxyo_ingest_parked_age_seconds: '4000x20' }, firesAfterMin: 11 },
  PaxyoReviewsWaiting: {
    series: { 'paxyo_ingest_open_review_age_seconds{reason="order_failed"}': '90000x20' },
    firesAfterMin: 11,
  },
  PaxyoVerificationsWaiting: { series: { paxyo_ingest_unverified_age_seconds: '2000x20' }, firesAfterMin: 6 },
  PaxyoWebhooksMissed: {
    series: { 'paxyo_ingest_reconcile_late_total{provider="godofpanel"}': '0+1x20' },
    firesAfterMin: 10,
  },
  PaxyoReconcileFailing: {
    series: { 'paxyo_ingest_reconcile_failures_total{provider="godofpanel",reason="rejected"}': '1+1x20' },
    firesAfterMin: 10,
  },
  PaxyoOutboxStuck: { series: { paxyo_ingest_outbox_age_seconds: '200x20' }, firesAfterMin: 3 },
  PaxyoPublisherDown: { series: { paxyo_ingest_publisher_ready: '1x2 0x20' }, firesAfterMin: 6 },
  PaxyoPublishFailing: { series: { paxyo_ingest_publish_failures_total: '0+1x30' }, firesAfterMin: 15 },
  PaxyoChangeFeedStuck: { series: { paxyo_ingest_change_feed_age_seconds: '100x20' }, firesAfterMin: 3 },
  PaxyoOutgoingWebhooksLate: { series: { paxyo_ingest_outgoing_webhook_age_seconds: '1000x20' }, firesAfterMin: 6 },
  PaxyoOutgoingWebhooksDead: { series: { paxyo_ingest_outgoing_webhooks_dead: '0x5 1x20' }, firesAfterMin: 12 },
  PaxyoOutgoingWebhooksSkipped: {
    series: { paxyo_ingest_outgoing_webhooks_skipped_total: '0x5 1x20' },
    firesAfterMin: 8,
  },
  PaxyoPubSubSilent: { series: { paxyo_gateway_pubsub_ready: '0x20' }, firesAfterMin: 2 },
  PaxyoEventsLate: { series: tooSlow('paxyo_gateway_event_latency_seconds', '2.5', '5'), firesAfterMin: 13 },
  PaxyoBackfills: { series: { 'paxyo_gateway_backfills_total{instance="a"}': '0+120x40' }, firesAfterMin: 20 },
  PaxyoBusMessagesRejected: {
    series: { 'paxyo_gateway_bus_messages_rejected_total{instance="a"}': '0+1x40' },
    firesAfterMin: 20,
  },
  PaxyoAuditEntriesMissing: { series: { paxyo_ingest_audit_log_failures_total: '0x5 1x20' }, firesAfterMin: 8 },
  PaxyoSlowClients: { series: { [`${CLOSES}{reason="slow_consumer"}`]: '0+60x40' }, firesAfterMin: 20 },
  PaxyoTokensRejected: {
    series: { [`${CLOSES}{reason="invalid_token"}`]: '0+10x40', [`${CLOSES}{reason="client"}`]: '0+20x40' },
    firesAfterMin: 20,
  },
  PaxyoKeyServerUnavailable: { series: { paxyo_gateway_key_server_unavailable: '1x20' }, firesAfterMin: 11 },
  PaxyoRevocationsLate: { series: { paxyo_gateway_cutoffs_age_seconds: '0+60x20' }, firesAfterMin: 4 },
  PaxyoReceiptsStuck: { series: { paxyo_gateway_receipts_waiting_seconds: '0+60x30' }, firesAfterMin: 13 },
  PaxyoReplicaNotRead: {
    series: {
      'paxyo_gateway_replica_reads_total{outcome="behind"}': '0+20x40',
      'paxyo_gateway_replica_reads_total{outcome="replica"}': '0+10x40',
    },
    firesAfterMin: 20,
  },
  PaxyoOrderRequestsFailing: {
    series: { 'paxyo_gateway_order_requests_total{outcome="unavailable",type="page"}': '0+5x40' },
    firesAfterMin: 12,
  },
  PaxyoConnectionsRejected: {
    series: { 'paxyo_gateway_upgrades_rejected_total{reason="handshakes"}': '0+10x40' },
    firesAfterMin: 20,
  },
  PaxyoOriginsRejected: {
    series: { 'paxyo_gateway_upgrades_rejected_total{reason="origin"}': '0+10x40' },
    firesAfterMin: 20,
  },
  PaxyoConnectionsMany: { series: { paxyo_gateway_connections: '25000x20' }, firesAfterMin: 11 },
}

/** Alerts that must also fire when a series is new: after a process was replaced, or for the first time ever. */
const NEW_SERIES: readonly (readonly [string, Case])[] = [
  ['PaxyoCommitsHanging', { series: { paxyo_ingest_lock_wait_seconds: '0x5 20x20' }, firesAfterMin: 8 }],
  [
    'PaxyoWebhooksSilent',
    {
      series: {
        [`${WEBHOOKS}{status="200",instance="a"}`]: '0+5x20 stale',
        [`${WEBHOOKS}{status="200",instance="b"}`]: '_x20 0x500',
      },
      firesAfterMin: 420,
    },
  ],
  [
    'PaxyoBatchesGivenUp',
    { series: { 'paxyo_ingest_batch_failures_total{reason="internal_error"}': '0x5 1x20' }, firesAfterMin: 8 },
  ],
  // At its start, before the first scrape.
  ['PaxyoEpochRotated', { series: { paxyo_ingest_epoch_rotations_total: '_x5 1x20' }, firesAfterMin: 8 }],
  ['PaxyoAuditEntriesMissing', { series: { paxyo_ingest_audit_log_failures_total: '_x5 1x20' }, firesAfterMin: 8 }],
  [
    'PaxyoWebhooksUnreadable',
    {
      series: { 'paxyo_ingest_rejected_requests_total{provider="godofpanel",reason="malformed_json"}': '_x5 1x20' },
      firesAfterMin: 7,
    },
  ],
  [
    'PaxyoReconcileFailing',
    {
      series: { 'paxyo_ingest_reconcile_failures_total{provider="godofpanel",reason="rejected"}': '_x5 1+1x20' },
      firesAfterMin: 10,
    },
  ],
  // All of them within one scrape.
  [
    'PaxyoRefundsInNewCurrency',
    {
      series: {
        'paxyo_ingest_refunded_money_total{currency="EUR"}': '_x5 250x40',
        'paxyo_ingest_refunds_total{currency="EUR"}': '_x5 25x40',
      },
      firesAfterMin: 12,
    },
  ],
  [
    'PaxyoRefundsUnusual',
    {
      series: {
        'paxyo_ingest_refunded_money_total{currency="USD",instance="a"}': '0+1x1560',
        'paxyo_ingest_refunds_total{currency="USD",instance="a"}': '0+0.1x1560',
        'paxyo_ingest_refunded_money_total{currency="USD",instance="b"}': '_x1500 1000x60',
        'paxyo_ingest_refunds_total{currency="USD",instance="b"}': '_x1500 40x60',
      },
      firesAfterMin: 1510,
    },
  ],
  // A commit takes longer than the provider waits.
  [
    'PaxyoWebhooksFailing',
    { series: { [`${WEBHOOKS}{status="499"}`]: '0+1x20', [`${WEBHOOKS}{status="200"}`]: '0+10x20' }, firesAfterMin: 8 },
  ],
  // No webhook was ever acknowledged.
  ['PaxyoWebhookSloBurning', { series: { [`${WEBHOOKS}{status="503"}`]: '_x5 1+10x60' }, firesAfterMin: 25 }],
  [
    'PaxyoAlertsNotDelivered',
    { series: { prometheus_notifications_alertmanagers_discovered: '0x20' }, firesAfterMin: 8 },
  ],
  // The receiver of tickets fails, which is tried every five minutes and a moment.
  [
    'PaxyoAlertsNotDelivered',
    {
      series: { 'alertmanager_notifications_failed_total{integration="webhook"}': '0x5 1x5 2x5 3x5' },
      firesAfterMin: 16,
    },
  ],
  // In Kubernetes, where there is no exporter of ours.
  [
    'PaxyoWalRetained',
    {
      series: {
        'cnpg_pg_replication_slots_pg_wal_lsn_diff{pod="postgres-1",slot_name="_cnpg_postgres_2"}': '6000000000x20',
        'cnpg_pg_replication_slots_pg_wal_lsn_diff{pod="postgres-3",slot_name="_cnpg_postgres_2"}': '0x20',
      },
      firesAfterMin: 12,
    },
  ],
  [
    'PaxyoMonitoringIncomplete',
    {
      series: {
        paxyo_certificate_expiry_timestamp_seconds: '1000000000x100',
        paxyo_backup_completed_timestamp_seconds: '0x100',
        paxyo_disk_available_bytes: '500x100',
        paxyo_disk_size_bytes: '1000x100',
        'paxyo_exporter_measured{name="haproxy:8443"}': '0x100',
      },
      firesAfterMin: 65,
    },
  ],
]

/** What is no incident. */
const SILENT: readonly (readonly [string, string, Record<string, string>])[] = [
  [
    'PaxyoWebhookSloBurning',
    'when one of few webhooks at night fails',
    {
      [`${WEBHOOKS}{status="200"}`]: '0+1x60',
      [`${WEBHOOKS}{status="503"}`]: '0x10 1x50',
      [WITHIN_A_SECOND]: '0+1x60',
    },
  ],
  [
    'PaxyoWebhookSloBurning',
    'when a provider sends wrong tokens',
    { [`${WEBHOOKS}{status="401"}`]: '0+60x60', [`${WEBHOOKS}{status="200"}`]: '0+1x60', [WITHIN_A_SECOND]: '0+1x60' },
  ],
  [
    'PaxyoStandbyMissing',
    'when the standbys change their roles',
    {
      'paxyo_ingest_database_standbys{kind="synchronous"}': '1x20 0x5 1x40',
      'paxyo_ingest_database_standbys{kind="asynchronous"}': '1x20 2x5 1x40',
    },
  ],
  [
    'PaxyoBackupOld',
    "when CloudNativePG's plugin made the last backup: its own metric stays at 0",
    {
      // Time begins at 0 here, so that 0 would be a new backup.
      'cnpg_collector_last_available_backup_timestamp{pod="postgres-1"}': '-200000x60',
      'barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{pod="postgres-1"}': '1x60',
      paxyo_backup_completed_timestamp_seconds: '-200000x60',
    },
  ],
  // Gateways then read the database once a second: most events are served within it, and the others soon after it.
  [
    'PaxyoEventsLate',
    'when events are a little later than a second, because Redis is away',
    {
      [`${EVENTS}_bucket{le="1.0"}`]: '0+40x60',
      [`${EVENTS}_bucket{le="2.5"}`]: '0+60x60',
      [`${EVENTS}_bucket{le="+Inf"}`]: '0+60x60',
    },
  ],
  ['PaxyoRedundancyLost', 'where there was never more than one', { 'up{job="ws-gateway",instance="a"}': '1x60' }],
  [
    'PaxyoDiskNearlyFull',
    'for a file system in memory',
    {
      'node_filesystem_avail_bytes{mountpoint="/run",fstype="tmpfs"}': '1x60',
      'node_filesystem_size_bytes{mountpoint="/run",fstype="tmpfs"}': '1000x60',
    },
  ],
]

test('there is a case for each alert', () => {
  expect(Object.keys(CASES).toSorted()).toEqual(alerts.toSorted())
})

const ONE = [{ labels: '{}', value: 1 }]

/** How many alerts must fire, by the minute. */
type Samples = Readonly<Record<number, readonly object[]>>

interface Replay {
  readonly alert: string
  readonly when: string
  readonly series: Readonly<Record<string, string>>
  readonly samples: Samples
}

const FIRING: readonly Replay[] = [...Object.entries(CASES), ...NEW_SERIES].map(
  ([alert, { series, firesAfterMin, atOnce }]) => ({
    alert,
    when: '',
    series,
    samples: { 0: atOnce === true ? ONE : [], [firesAfterMin]: ONE },
  }),
)
const NOT_FIRING: readonly Replay[] = SILENT.map(([alert, when, series]) => ({
  alert,
  when,
  series,
  samples: { 0: [], 30: [], 59: [] },
}))

const folder = mkdtempSync(join(tmpdir(), 'paxyo-alerts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fileByReplay = new Map([...FIRING, ...NOT_FIRING].map((replay, index) => [replay, writeReplay(replay, index)]))

/** Of one process for all: its start takes longer than most replays. */
let output: string
beforeAll(() => {
  try {
    output = promtool('test', 'rules', ...fileByReplay.values())
  } catch (error) {
    output = (error as Error).message
  }
})

test.each(FIRING)('$alert fires on what it is about, and not at once', (replay) => {
  expect(resultOf(replay)).toContain('SUCCESS')
})

test.each(NOT_FIRING)('$alert does not fire $when', (replay) => {
  expect(resultOf(replay)).toContain('SUCCESS')
})

/** @returns what promtool says; it throws when other alerts fire. */
function resultOf(replay: Replay): string {
  const file = fileByReplay.get(replay)!
  const succeeded = `Unit Testing:  ${file}\n  SUCCESS\n`
  return output.includes(succeeded) ? succeeded : promtool('test', 'rules', file)
}

function writeReplay({ alert, series, samples }: Replay, index: number): string {
  const expr = `count(ALERTS{alertname="${alert}", alertstate="firing"})`
  const spec = {
    rule_files: [`rules-${index}.yml`],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: Object.entries(samples).map(([minute, exp_samples]) => ({
          expr,
          eval_time: `${minute}m`,
          exp_samples,
        })),
      },
    ],
  }
  writeFileSync(join(folder, `rules-${index}.yml`), stringify(rulesOf(alert)))
  const file = join(folder, `case-${index}.yml`)
  writeFileSync(file, stringify(spec))
  return file
}
