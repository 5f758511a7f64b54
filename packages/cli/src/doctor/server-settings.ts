import type { DatabaseSession } from '../connect-database.ts'
import { failed, ok, warning, type Finding } from './finding.ts'

const NAMES = ['synchronous_commit', 'fsync', 'full_page_writes', 'random_page_cost', 'max_connections']
/** Above this the planner prefers reading whole tables to finding a batch's rows by key. */
const RANDOM_PAGE_COST_MAX = 2
/** Two of each service with their pools, and somebody to look. */
const CONNECTIONS_MIN = 50

/** Settings on which it depends that what was answered 200 is still there after a power cut, and how fast. */
export async function settingFindings(database: DatabaseSession): Promise<readonly Finding[]> {
  const rows = await database.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [NAMES],
  )
  const setting = Object.fromEntries(rows.map(({ name, setting: value }) => [name, value]))
  const findings = [
    ...durability(setting),
    ...(Number(setting['random_page_cost']) > RANDOM_PAGE_COST_MAX
      ? [
          warning(
            'random_page_cost',
            `random_page_cost is ${setting['random_page_cost']}, made for spinning disks`,
            'ALTER SYSTEM SET random_page_cost = 1.1; SELECT pg_reload_conf();',
          ),
        ]
      : []),
    ...(Number(setting['max_connections']) < CONNECTIONS_MIN
      ? [
          warning(
            'max_connections',
            `max_connections is ${setting['max_connections']}`,
            `ALTER SYSTEM SET max_connections = 100; then restart PostgreSQL.`,
          ),
        ]
      : []),
  ]
  return findings.length > 0 ? findings : [ok('postgres-settings', 'durable, and made for SSDs')]
}

function durability(setting: Readonly<Record<string, string>>): Finding[] {
  return ['synchronous_commit', 'fsync', 'full_page_writes']
    .filter((name) => setting[name] === 'off')
    .map((name) =>
      failed(
        name,
        `${name} is off: a crash loses refunds that were promised`,
        name === 'synchronous_commit'
          ? 'ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf(); look at ALTER ROLE and ALTER DATABASE, too.'
          : `ALTER SYSTEM SET ${name} = on; SELECT pg_reload_conf();`,
      ),
    )
}
