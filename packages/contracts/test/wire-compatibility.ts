import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'

type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json }
export type Frame = { readonly type: string; readonly [member: string]: Json }

/** Recorded frames and close codes. */
export interface RecordedFrames {
  readonly client: readonly Frame[]
  readonly server: readonly Frame[]
  readonly closes: readonly { readonly code: number; readonly reason: string }[]
}

export interface WireSchemas {
  readonly client: z.ZodType
  readonly server: z.ZodType
}

/** The breaking changes between the recorded version and the schemas; none when the schemas are compatible. */
export function findBreaks(frames: RecordedFrames, schemas: WireSchemas): string[] {
  const unreadable = findUnreadable(frames, schemas)
  return unreadable.length > 0 ? unreadable : findUnforeseen(frames, schemas)
}

/** Frames that the schemas reject, or from which they drop members: the current code would misread them. */
export function findUnreadable(frames: RecordedFrames, schemas: WireSchemas): string[] {
  const violations = (['client', 'server'] as const).flatMap((side) =>
    frames[side].flatMap((frame) => {
      const { success, data, error } = schemas[side].safeParse(frame)
      if (!success) return `${side} ${labelOf(frame)}: is rejected: ${z.prettifyError(error)}`
      return isDeepStrictEqual(data, frame) ? [] : `${side} ${labelOf(frame)}: ${lost(frame, data as Json)} is gone`
    }),
  )
  return [...new Set(violations)]
}

/**
 * Server frames that the schemas now allow and that clients of this version do not expect: a member that was always
 * present may be absent, or may have another type. New members, types of messages, kinds of events and strings are not
 * included: clients tolerate them.
 */
function findUnforeseen(frames: RecordedFrames, { server }: WireSchemas): string[] {
  const violations = new Set<string>()
  for (const [label, group] of Map.groupBy(frames.server, labelOf)) {
    const known = surveyMembers(group)
    for (const frame of group) {
      for (const { path, pattern } of membersOf(frame)) {
        for (const [kind, value] of REPLACEMENTS) {
          if (known.get(pattern)!.has(kind) || !server.safeParse(withMember(frame, path, value)).success) continue
          violations.add(`server ${label}: ${pattern} may be ${kind} now`)
        }
      }
    }
  }
  return [...violations]
}

type Kind = 'absent' | 'null' | 'a boolean' | 'an integer' | 'a fraction' | 'a string' | 'an array' | 'an object'

/** One value of each kind; `undefined` takes the member away. */
const REPLACEMENTS: readonly (readonly [Kind, Json | undefined])[] = [
  ['absent', undefined],
  ['null', null],
  ['a boolean', true],
  ['an integer', 1],
  ['a fraction', 0.5],
  ['a string', 'text'],
  ['an array', []],
  ['an object', {}],
]

function kindOf(value: Json): Kind {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a fraction'
  return typeof value === 'boolean' ? 'a boolean' : typeof value === 'string' ? 'a string' : 'an object'
}

interface Member {
  readonly path: readonly string[]
  /** The path with all items of an array taken together: `orders[].status`. */
  readonly pattern: string
  readonly value: Json
}

const membersOf = (frame: Json): Member[] => [...walk(frame)]

function* walk(value: Json, path: readonly string[] = [], pattern = ''): Generator<Member> {
  if (value === null || typeof value !== 'object') return
  for (const [name, inner] of Object.entries<Json>(value)) {
    const within = Array.isArray(value) ? `${pattern}[]` : pattern === '' ? name : `${pattern}.${name}`
    yield { path: [...path, name], pattern: within, value: inner }
    yield* walk(inner, [...path, name], within)
  }
}

/** The kinds of values that each member has had. */
function surveyMembers(group: readonly Frame[]): Map<string, Set<Kind>> {
  const members = group.map((frame) => membersOf(frame))
  const kinds = new Map(members.flat().map(({ pattern }) => [pattern, new Set<Kind>()]))
  for (const { pattern, value } of members.flat()) kinds.get(pattern)!.add(kindOf(value))
  for (const [pattern, seen] of kinds) {
    const parent = pattern.replace(/(?:\[\]|\.?[^.[]+)$/, '')
    const holders = (all: readonly Member[]): number =>
      parent === '' ? 1 : all.filter((member) => member.pattern === parent && member.value !== null).length
    const isSomewhereAbsent = members.some((all) => all.filter((one) => one.pattern === pattern).length < holders(all))
    if (isSomewhereAbsent || pattern.endsWith('[]')) seen.add('absent')
  }
  return kinds
}

function withMember(frame: Frame, path: readonly string[], value: Json | undefined): unknown {
  const copy = structuredClone(frame) as Record<string, unknown>
  const holder = path.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, copy)
  if (value === undefined) delete holder[path.at(-1)!]
  else holder[path.at(-1)!] = value
  return copy
}

function lost(frame: Frame, read: Json): string {
  const kept = new Set(membersOf(read).map(({ path }) => path.join('.')))
  const gone = membersOf(frame).filter(({ path }) => !kept.has(path.join('.')))
  return gone.length === 0 ? 'something' : [...new Set(gone.map(({ pattern }) => pattern))].join(', ')
}

const labelOf = ({ type, event }: Frame): string => (typeof event === 'string' ? `${type} ${event}` : type)
