import type { ChaosSystem } from '../inject-faults.ts'
import { startHaCluster, type HaCluster } from './ha-cluster.ts'
import { POSTGRES_FAULTS, REDIS_FAULTS, SERVICE_FAULTS } from './ha-faults.ts'

/**
 * Every part more than once. A service, a PostgreSQL and a Redis may fail at the same time. The next fault of a kind waits
 * until all of that kind run: the system survives one loss of each at a time.
 */
export const HA_SYSTEM: ChaosSystem<HaCluster> = {
  start: startHaCluster,
  groups: [
    { faults: SERVICE_FAULTS },
    {
      faults: POSTGRES_FAULTS,
      recovered: async ({ patroni }) => void (await patroni.whole()),
      async repair({ patroni }) {
        await patroni.restartStandbys()
        await patroni.whole()
      },
    },
    { faults: REDIS_FAULTS, recovered: async (cluster) => void (await cluster.redisMaster()) },
  ],
}
