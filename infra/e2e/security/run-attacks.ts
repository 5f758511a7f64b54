import { createRandom } from '../../chaos/random.ts'
import type { AttackOptions, AttackResult, Target } from './attack.ts'
import { attackWithRaces } from './money-races.ts'
import { attackWithRawHttp } from './raw-http.ts'
import { attackWithFrames } from './raw-web-socket.ts'
import { attackWithTokens } from './token-cases.ts'

/** The attacks that need nothing but the services. */
export const ATTACKS: readonly ((options: AttackOptions) => Promise<AttackResult>)[] = [
  attackWithRawHttp,
  attackWithFrames,
  attackWithTokens,
  attackWithRaces,
]

export interface RunOptions {
  readonly target: Target
  readonly seed: number
  /** Of each attack. */
  readonly inputs: number
  readonly isOver?: () => boolean
}

/** Runs all attacks at the same time. The seed replays what each of them sends; what arrives first is up to the machine. */
export function runAttacks({ target, seed, inputs, isOver = () => false }: RunOptions): Promise<AttackResult[]> {
  const random = createRandom(seed)
  return Promise.all(ATTACKS.map((attack) => attack({ target, random: random.fork(), inputs, isOver })))
}
