import { createRandom } from '../../chaos/random.ts'
import type { AttackOptions, AttackResult } from './attack.ts'
import { attackWithWebhooks } from './hostile-webhooks.ts'
import { attackWithRaces } from './money-races.ts'
import { attackWithRawHttp } from './raw-http.ts'
import { attackWithFrames } from './raw-web-socket.ts'
import { attackWithSlowRequests } from './slow-requests.ts'
import { attackWithTokens } from './token-cases.ts'

/** Attacks with inputs that no client should send. */
export const HOSTILE_ATTACKS = [attackWithRawHttp, attackWithFrames, attackWithTokens, attackWithWebhooks] as const

/** Starts these at the same time, each with `inputs`. */
export const attackWithHostileInputs = ({ random, ...options }: AttackOptions): Promise<AttackResult>[] =>
  HOSTILE_ATTACKS.map((attack) => attack({ ...options, random: random.fork() }))

export interface RunOptions extends Omit<AttackOptions, 'random'> {
  readonly seed: number
}

/**
 * Runs all attacks at the same time, also races for money and slow requests. The seed replays what each of them sends; what arrives first is up
 * to the machine.
 */
export function runAttacks({ seed, ...options }: RunOptions): Promise<AttackResult[]> {
  const random = createRandom(seed)
  return Promise.all([
    ...attackWithHostileInputs({ ...options, random: random.fork() }),
    attackWithRaces({ ...options, random: random.fork() }),
    attackWithSlowRequests({ ...options, random: random.fork() }),
  ])
}
