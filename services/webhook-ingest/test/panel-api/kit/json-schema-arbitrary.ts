import fc, { type Arbitrary } from 'fast-check'
import type { Schema } from './json-schema.ts'

/** Resolves a `$ref`. */
export type Resolve = (ref: string) => Schema

/** Recurring values, so that requests refer to rows of earlier ones. */
export type Familiar = Readonly<Record<string, Arbitrary<unknown>>>

const FAMILIAR_WEIGHT = 4
const ARRAY_ITEMS_MAX = 6
const STRING_LENGTH_MAX = 40

const TIMES = fc.date({ noInvalidDate: true, min: new Date('0000-01-01Z'), max: new Date('9999-12-31Z') })

/** Values that a JSON schema allows; members with a name in `familiar` mostly get a value from there. */
export function valuesOf(schema: Schema, resolve: Resolve, familiar: Familiar): Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valuesOf(resolve(schema.$ref), resolve, familiar)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => valuesOf(choice, resolve, familiar)))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'object':
      return objectsOf(schema, resolve, familiar)
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, resolve, familiar), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, ARRAY_ITEMS_MAX),
      })
    case 'string':
      return stringsOf(schema)
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? 1, max: Math.min(schema.maximum ?? 1_000, Number.MAX_SAFE_INTEGER) })
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    default:
      return fc.jsonValue()
  }
}

function objectsOf(
  { properties = {}, required = [] }: Schema,
  resolve: Resolve,
  familiar: Familiar,
): Arbitrary<unknown> {
  const members = Object.entries(properties).map(([name, property]): [string, Arbitrary<unknown>] => {
    const values = valuesOf(property, resolve, familiar)
    const known = familiar[name]
    const mixed =
      known === undefined
        ? values
        : fc.oneof({ arbitrary: known, weight: FAMILIAR_WEIGHT }, { arbitrary: values, weight: 1 })
    return [name, mixed]
  })
  return fc.record(Object.fromEntries(members), { requiredKeys: [...required] })
}

const stringsBySchema = new Map<string, Arbitrary<string>>()

/** Generators of patterns take milliseconds to make, and many operations have the same ones. */
function stringsOf(schema: Schema): Arbitrary<string> {
  const { format, pattern, minLength, maxLength } = schema
  const key = JSON.stringify({ format, pattern, minLength, maxLength })
  const strings = stringsBySchema.get(key) ?? newStringsOf(schema)
  stringsBySchema.set(key, strings)
  return strings
}

function newStringsOf({ format, pattern, minLength = 0, maxLength = STRING_LENGTH_MAX }: Schema): Arbitrary<string> {
  if (format === 'date-time') return TIMES.map((date) => date.toISOString())
  const bounds = { minLength, maxLength: Math.min(maxLength, Math.max(minLength, STRING_LENGTH_MAX)) }
  if (pattern === undefined) return fc.string({ unit: 'binary', ...bounds })
  const exact = new RegExp(pattern, 'u')
  // The generator supports no look-ahead and no Unicode classes; the filter removes values that do not match.
  const rough = pattern.replace(/^\^\(\?!.*?\$\)/, '^')
  const candidates = rough.includes('\\p{')
    ? fc.string({ unit: 'grapheme', ...bounds })
    : fc.stringMatching(new RegExp(rough))
  return candidates.filter((text) => exact.test(text) && text.length >= minLength && text.length <= maxLength)
}
