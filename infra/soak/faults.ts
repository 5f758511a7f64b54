import { setTimeout as sleep } from 'node:timers/promises'
import type { SingleCluster } from '../chaos/single-cluster.ts'
import type { Random } from '../chaos/random.ts'
import type { Engine } from './engines.ts'
import type { SoakPage, SoakPanel } from './soak-page.ts'

export interface Soaked {
  readonly cluster: SingleCluster
  readonly panel: SoakPanel
  readonly engines: readonly Engine[]
  readonly pages: readonly SoakPage[]
}

/** Injects a fault and ends it. */
export type SoakFault = (soaked: Soaked, random: Random) => Promise<void>

/** A port on which nothing listens. */
const NOWHERE = 9

/** What happens to browsers and their networks. */
export const PAGE_FAULTS: Readonly<Record<string, SoakFault>> = {
  sleep: ({ engines }, random) => random.pick(engines).sleep(8_000 + random.below(17_000)),
  async 'sleep, then another network'({ engines, pages }, random) {
    const engine = random.pick(engines)
    const asleep = engine.sleep(8_000 + random.below(17_000))
    for (const page of pages) if (page.engine === engine) page.network.silence()
    await asleep
  },
  async 'another network'({ pages }, random) {
    await random.pick(pages).browserPage.evaluate('soak.networkChanged()')
  },
  async offline({ pages }, random) {
    const page = random.pick(pages)
    await page.browserPage.evaluate('soak.goOffline()')
    await sleep(3_000 + random.below(10_000))
    await page.browserPage.evaluate('soak.goOnline()')
  },
  async 'links reset'({ pages }, random) {
    random.pick(pages).network.cut()
  },
  async 'no tokens'({ panel: { tokens } }, random) {
    tokens.isFailing = true
    await sleep(10_000 + random.below(30_000))
    tokens.isFailing = false
  },
}

/** What happens to servers. */
export const SERVER_FAULTS: Readonly<Record<string, SoakFault>> = {
  'kill -9 ws-gateway': ({ cluster }, random) => cluster.restart(random.pick(cluster.gateways), 'SIGKILL'),
  'SIGTERM ws-gateway': ({ cluster }, random) => cluster.restart(random.pick(cluster.gateways), 'SIGTERM'),
  'kill -9 redis': ({ cluster }) => cluster.redis.restart(),
  async 'redis unreachable'({ cluster }, random) {
    const { redisProxy } = cluster
    const { target } = redisProxy
    redisProxy.target = NOWHERE
    redisProxy.cut()
    await sleep(3_000 + random.below(12_000))
    redisProxy.target = target
  },
  async 'redis paused'({ cluster }, random) {
    const { process: server } = cluster.redis
    server.kill('SIGSTOP')
    await sleep(2_000 + random.below(6_000))
    server.kill('SIGCONT')
  },
}
