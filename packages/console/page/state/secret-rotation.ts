import type { SecretKind } from '@paxyo/contracts/data'
import type { SecretsInUse } from '@paxyo/panel-client'

/** The secrets of a kind, and of a provider. */
export type SecretGroup = SecretsInUse['data'][number]
export type SecretInUse = SecretGroup['secrets'][number]

export const STEPS = ['generate', 'add', 'known', 'move', 'remove'] as const
export type Step = (typeof STEPS)[number]
/** `waiting` for the services or for time; `open` for a person. */
export type StepState = 'done' | 'open' | 'waiting'

export interface Rotation {
  readonly fresh: SecretInUse | undefined
  readonly old: readonly SecretInUse[]
  readonly steps: Readonly<Record<Step, StepState>>
}

export interface RotationFacts {
  readonly group: SecretGroup
  /** The fingerprint of the value that this page has made; undefined when another program made it. */
  readonly made: string | undefined
  /** What the services knew when the person began. */
  readonly former: ReadonlySet<string>
  readonly nowMs: number
}

const HOUR_MS = 3_600_000

/**
 * How long an old secret must not have been used. Providers and panels may be silent for a night; browser tokens last an hour; messages
 * on Redis are sent every second.
 */
export const UNUSED_MS: Readonly<Record<SecretKind, number>> = {
  webhook_tokens: 24 * HOUR_MS,
  panel_api_keys: 24 * HOUR_MS,
  jwt_secrets: HOUR_MS,
  redis_message_keys: 60_000,
}

/** How far a rotation is, from what the services report. */
export function rotationOf({ group, made, former, nowMs }: RotationFacts): Rotation {
  const { secrets } = group
  const fresh = findFresh(group, made, former)
  const old = secrets.filter((secret) => secret !== fresh)
  const isRemoved = fresh !== undefined && old.length === 0
  const isKnown = isRemoved || (fresh !== undefined && secrets.every((secret) => isKnownByAll(group, secret)))
  const isMoved = isRemoved || (fresh !== undefined && isKnown && unusedMs(fresh, old, nowMs) >= UNUSED_MS[group.kind])
  const later = (isBefore: boolean, isDone: boolean, before: StepState): StepState =>
    isDone ? 'done' : isBefore ? before : 'open'
  return {
    fresh,
    old,
    steps: {
      generate: made !== undefined || fresh !== undefined ? 'done' : 'open',
      add: fresh === undefined ? 'open' : 'done',
      known: later(fresh !== undefined, isKnown, 'waiting'),
      move: later(isKnown, isMoved, 'waiting'),
      remove: isRemoved ? 'done' : 'open',
    },
  }
}

/** The one that was made here, or another one that was added. Of those that were there from the beginning, the one that is known since last. */
function findFresh(
  { secrets }: SecretGroup,
  made: string | undefined,
  former: ReadonlySet<string>,
): SecretInUse | undefined {
  const added =
    secrets.find(({ fingerprint }) => fingerprint === made) ??
    secrets.find(({ fingerprint }) => !former.has(fingerprint))
  if (added !== undefined) return added
  if (secrets.length === 1) return former.size > 1 ? secrets[0] : undefined
  return secrets.toSorted((one, other) => Date.parse(other.knownSince) - Date.parse(one.knownSince))[0]
}

const isKnownByAll = ({ services }: SecretGroup, { knownBy }: SecretInUse): boolean =>
  services.every(({ service, processes }) =>
    knownBy.some((known) => known.service === service && known.processes === processes),
  )

/** Since when all senders could have changed, and none has used an old one. */
export function unusedMs(fresh: SecretInUse, old: readonly SecretInUse[], nowMs: number): number {
  const uses = old.map(({ lastUsedAt }) => (lastUsedAt === null ? 0 : Date.parse(lastUsedAt)))
  return Math.max(0, nowMs - Math.max(Date.parse(fresh.knownSince), ...uses))
}
