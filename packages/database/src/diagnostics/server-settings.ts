import type { ReadSession } from './read-session.ts'
import type { Diagnostic } from './diagnostic.ts'
import { found, type DurabilitySetting } from './sentences.ts'

const DURABILITY: readonly DurabilitySetting[] = ['synchronous_commit', 'fsync', 'full_page_writes']
const NAMES = [...DURABILITY, 'random_page_cost', 'max_connections']
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
      ? [found('warning', 'random_page_cost', 'random_page_cost_high', { value: setting['random_page_cost']! })]
      : []),
    ...(Number(setting['max_connections']) < CONNECTIONS_MIN
      ? [found('warning', 'max_connections', 'max_connections_low', { value: setting['max_connections']! })]
      : []),
  ]
  return diagnostics.length > 0 ? diagnostics : [found('ok', 'postgres-settings', 'settings_good')]
}

function durability(setting: Readonly<Record<string, string>>): Diagnostic[] {
  return DURABILITY.filter((name) => setting[name] === 'off').map((name) =>
    found('failed', name, name === 'synchronous_commit' ? 'synchronous_commit_off' : 'setting_off', { name }),
  )
}
