import type { ChaosSystem } from '../inject-faults.ts'
import { startHaCluster, type HaCluster } from './ha-cluster.ts'
import { HA_FAULTS } from './ha-faults.ts'

/** Every part more than once. The next fault waits until the system is whole again: it survives one loss at a time. */
export const HA_SYSTEM: ChaosSystem<HaCluster> = {
  start: startHaCluster,
  faults: HA_FAULTS,
  recovered: (cluster) => cluster.whole(),
}
