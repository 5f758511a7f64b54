import { migrateToLatest } from '@paxyo/database'
import { eventually, ROOT } from '@paxyo/testkit'
import { SERVER_FAULTS, type Fault } from '../faults.ts'
import type { ChaosSystem } from '../inject-faults.ts'
import { startCluster, type SingleCluster } from '../single-cluster.ts'

const MIGRATE_TIMEOUT_MS = 120_000

/** @returns true, unless PostgreSQL fails meanwhile. */
async function migrate(cluster: SingleCluster): Promise<boolean> {
  await migrateToLatest(await cluster.postgresUrl())
  return true
}

/** Replaces one member of a service by one of another version, as a rollout does. */
const replace =
  (service: 'ingests' | 'gateways', index: number, root: string): Fault<SingleCluster> =>
  async (cluster) => {
    const member = cluster[service][index]!
    member.root = root
    await cluster.restart(member, 'SIGTERM')
  }

/** Replaces all members, webhook-ingest first. */
const rollOut = (verb: string, root: string): Record<string, Fault<SingleCluster>> => ({
  [`${verb} the first webhook-ingest`]: replace('ingests', 0, root),
  [`${verb} the second webhook-ingest`]: replace('ingests', 1, root),
  [`${verb} the first ws-gateway`]: replace('gateways', 0, root),
  [`${verb} the second ws-gateway`]: replace('gateways', 1, root),
})

/**
 * One of each server, and two of each service, which start as another version. While servers fail, the database is migrated to this
 * version; then one service after the other is upgraded, and rolled back on the migrated database, again and again. So each
 * combination of versions serves.
 *
 * @param before the folder of the other version.
 */
export const upgradeSystem = (before: string): ChaosSystem<SingleCluster> => ({
  start: () => startCluster({ root: before }),
  groups: [
    {
      isSequence: true,
      faults: {
        migrate: async (cluster) => void (await eventually(() => migrate(cluster), MIGRATE_TIMEOUT_MS)),
        ...rollOut('upgrade', ROOT),
        ...rollOut('roll back', before),
      },
    },
    { faults: SERVER_FAULTS },
  ],
})
