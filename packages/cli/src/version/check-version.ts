import { readFileSync } from 'node:fs'
import type { Cli } from '../cli.ts'
import { printable } from '../output/printable.ts'

const ROOT_PACKAGE = new URL('../../../../package.json', import.meta.url)

/** The version of all services, packages and images of a release. */
export function readVersion(): string {
  return (JSON.parse(readFileSync(ROOT_PACKAGE, 'utf8')) as { version: string }).version
}

/** Compares this version with what runs: problems are printed, and end with exit code 1. */
export async function checkVersion(cli: Cli, version: string): Promise<void> {
  const isSet = (name: string): boolean => Boolean(cli.env[name] || cli.env[`${name}_FILE`])
  const database = isSet('DATABASE_URL') ? await compareMigrations(cli) : undefined
  const gateways = isSet('PAXYO_URL') && isSet('PAXYO_API_KEY') ? await gatewayVersions(cli) : undefined
  const others = gateways?.filter((one) => one.version !== version) ?? []
  const problems = [
    ...(database?.pending ?? []).map((name) => `The database lacks migration ${name}: run paxyo migrate.`),
    ...(database?.newer ?? []).map((name) => `The database has migration ${name} of a newer version.`),
    ...others.map((one) => `Gateway ${printable(one.gatewayId)} runs version ${printable(one.version ?? 'unknown')}.`),
  ]
  cli.print({ version, database, gateways, problems }, () =>
    [
      version,
      database === undefined ? 'database: not compared' : `database: ${database.applied} migrations`,
      gateways === undefined ? 'gateways: not compared' : `gateways: ${gateways.length}`,
      ...problems,
    ].join('\n'),
  )
  if (problems.length > 0) cli.finish('violations')
}

async function compareMigrations(cli: Cli) {
  const { MIGRATION_NAMES } = await import('@paxyo/database')
  const { sql } = await import('kysely')
  const { withOwnerDatabase } = await import('../with-owner-database.ts')
  const applied = await withOwnerDatabase(cli, async (db) => {
    const exists = await sql<{ oid: string | null }>`SELECT to_regclass('kysely_migration')::text AS oid`.execute(db)
    if (exists.rows[0]?.oid === null) return []
    const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(db)
    return rows.map(({ name }) => name)
  })
  return {
    applied: applied.length,
    pending: MIGRATION_NAMES.filter((name) => !applied.includes(name)),
    newer: applied.filter((name) => !MIGRATION_NAMES.includes(name)),
  }
}

async function gatewayVersions(cli: Cli) {
  const { withPanelApi } = await import('../api/with-panel-api.ts')
  const { gateways } = await withPanelApi(cli, (api) => api.connections.count())
  return gateways.map(({ gatewayId, version }) => ({ gatewayId, version }))
}
