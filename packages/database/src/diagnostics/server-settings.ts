import type { ReadSession } from './read-session.ts'
import { failed, ok, warning, type Diagnostic } from './diagnostic.ts'

const NAMES = ['synchronous_commit', 'fsync', 'full_page_writes', 'random_page_cost', 'max_connections']
/** Above this the planner prefers sequential scans to index lookups of a batch's rows. */
const RANDOM_PAGE_COST_MAX = 2
/** Two instances of each service with their pools, and an operator. */
const CONNECTIONS_MIN = 50

/** Settings that decide whether a delivery acknowledged with 200 survives a power failure, and how fast commits are. */
export async function diagnoseSettings(database: ReadSession): Promise<readonly Diagnostic[]> {
  const rows = await database.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [NAMES],
  )
  const setting = Object.fromEntries(rows.map(({ name, setting: value }) => [name, value]))
  const diagnostics = [
    ...durability(setting),
    ...(Number(setting['random_page_cost']) > RANDOM_PAGE_COST_MAX
      ? [
          warning(
            'random_page_cost',
            `random_page_cost is ${setting['random_page_cost']}, a value for spinning disks`,
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
  return diagnostics.length > 0 ? diagnostics : [ok('postgres-settings', 'durable, and suited to SSDs')]
}

function durability(setting: Readonly<Record<string, string>>): Diagnostic[] {
  return ['synchronous_commit', 'fsync', 'full_page_writes']
    .filter((name) => setting[name] === 'off')
    .map((name) =>
      failed(
        name,
        `${name} is off: a crash loses committed refunds`,
        name === 'synchronous_commit'
          ? 'ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf(); check ALTER ROLE and ALTER DATABASE, too.'
          : `ALTER SYSTEM SET ${name} = on; SELECT pg_reload_conf();`,
      ),
    )
}
