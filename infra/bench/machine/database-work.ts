import { runSql } from './servers.ts'

/** The database's work since its start, by statement. */
export async function topStatements(url: string, webhooks: number): Promise<string[]> {
  const rows = await runSql<Record<string, string>>(
    url,
    `SELECT calls, total_exec_time AS ms, total_plan_time AS plan_ms, rows, wal_bytes,
       left(regexp_replace(query, '\\s+', ' ', 'g'), 70) AS query
     FROM pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
     ORDER BY total_exec_time DESC LIMIT 16`,
  )
  const each = (value: string | undefined, digits: number): string => (Number(value) / webhooks).toFixed(digits)
  return rows.map(
    ({ calls, ms, plan_ms, rows: count, wal_bytes, query }) =>
      `    ${each(ms, 4)} ms, plan ${each(plan_ms, 4)}, WAL ${each(wal_bytes, 0)} B; ${calls} calls, ${count} rows: ${query}`,
  )
}

/** How long a statement takes on average, which is the only one with this part. */
export async function meanStatementMs(url: string, part: string): Promise<number> {
  const [row] = await runSql<{ ms: number }>(
    url,
    `SELECT sum(total_exec_time) / sum(calls) AS ms FROM pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query LIKE '%${part}%'`,
  )
  return row!.ms
}

/** Bytes of WAL by type of record. */
export async function walByRecord(url: string, position: string, webhooks: number): Promise<string[]> {
  const rows = await runSql<Record<string, string>>(
    url,
    `SELECT "resource_manager/record_type" AS kind, count, record_size, fpi_size
     FROM pg_get_wal_stats('${position}', pg_current_wal_lsn(), true) WHERE combined_size > 0
     ORDER BY record_size DESC LIMIT 16`,
  )
  return rows.map(
    ({ kind, count, record_size, fpi_size }) =>
      `    ${(Number(record_size) / webhooks).toFixed(0)} B in ${(Number(count) / webhooks).toFixed(2)} records, ` +
      `pages ${(Number(fpi_size) / webhooks).toFixed(0)} B: ${kind}`,
  )
}
