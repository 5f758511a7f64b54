import type { Cli } from '../cli.ts'
import { printable } from '../output/printable.ts'

/** A service of which processes run, and their version; undefined when they do not report it. */
interface RunningService {
  readonly name: string
  readonly version: string | undefined
}

/** Compares this version with what runs: problems are printed, and end with exit code 1. */
export async function checkVersion(cli: Cli, version: string): Promise<void> {
  const isSet = (name: string): boolean => Boolean(cli.env[name] || cli.env[`${name}_FILE`])
  const found = isSet('DATABASE_URL') ? await readDatabase(cli) : undefined
  const asked = isSet('PAXYO_URL') && isSet('PAXYO_API_KEY') ? await askPanelApi(cli) : undefined
  const services = [...(found?.services ?? []), ...(asked?.services ?? [])]
  const database = found?.database
  const gateways = asked?.gateways
  const problems = [
    ...(database?.pending ?? []).map((name) => `The database lacks migration ${name}: run paxyo migrate.`),
    ...(database?.newer ?? []).map((name) => `The database has migration ${name} of a newer version.`),
    ...services
      .filter((one) => one.version !== version)
      .map((one) => `A process of another version runs: ${textOf(one)}.`),
    ...(gateways ?? [])
      .filter((one) => one.version !== version)
      .map((one) => `Gateway ${printable(one.gatewayId)} runs version ${printable(one.version ?? 'unknown')}.`),
  ]
  const isCompared = found !== undefined || asked !== undefined
  cli.print({ version, database, services: isCompared ? services : undefined, gateways, problems }, () =>
    [
      version,
      database === undefined ? 'database: not compared' : `database: ${database.applied} migrations`,
      `services: ${isCompared ? services.map(textOf).join(', ') || 'none' : 'not compared'}`,
      gateways === undefined ? 'gateways: not compared' : `gateways: ${gateways.length}`,
      ...problems,
    ].join('\n'),
  )
  if (problems.length > 0) cli.finish('violations')
}

const textOf = ({ name, version = 'of an unknown version' }: RunningService): string => printable(`${name} ${version}`)

async function readDatabase(cli: Cli) {
  const { MIGRATION_NAMES } = await import('@paxyo/database')
  const { sql } = await import('kysely')
  const { withOwnerDatabase } = await import('../with-owner-database.ts')
  return withOwnerDatabase(cli, async (db) => {
    const exists = await sql<{ oid: string | null }>`SELECT to_regclass('kysely_migration')::text AS oid`.execute(db)
    const migrations =
      exists.rows[0]?.oid === null
        ? []
        : (await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(db)).rows
    const applied = migrations.map(({ name }) => name)
    // Every login may see the name of a connection. The services have their version in it.
    const connected = await sql<{ name: string }>`
      SELECT DISTINCT application_name AS name FROM pg_stat_activity
      WHERE datname = current_database() AND application_name ~ '^(webhook-ingest|ws-gateway|standalone-(ingest|gateway))( |$)'
      ORDER BY name`.execute(db)
    return {
      database: {
        applied: applied.length,
        pending: MIGRATION_NAMES.filter((name) => !applied.includes(name)),
        newer: applied.filter((name) => !MIGRATION_NAMES.includes(name)),
      },
      services: connected.rows.map(({ name }): RunningService => {
        const [service, version] = name.split(' ') as [string, string?]
        return { name: service, version }
      }),
    }
  })
}

/** Any one of the processes of webhook-ingest responds. */
async function askPanelApi(cli: Cli) {
  const { withPanelApi } = await import('../api/with-panel-api.ts')
  const { version, gateways } = await withPanelApi(cli, (api) => api.connections.count())
  const service: RunningService = { name: 'panel API', version }
  return { services: [service], gateways: gateways.map((one) => ({ gatewayId: one.gatewayId, version: one.version })) }
}
