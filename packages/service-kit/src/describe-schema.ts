/** The part of JSON Schema that our documents use. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly description?: string
}

/** One member of an object, or one parameter. */
export interface Field {
  readonly name: string
  readonly type: string
  readonly isRequired: boolean
  readonly description: string
}

/** The members of an object; for a choice between objects, the members of each. */
export function fieldsOf(schema: Schema): Field[] {
  const choices = schema.oneOf ?? schema.anyOf
  if (choices !== undefined) return choices.flatMap(fieldsOf)
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    type: describeType(property),
    isRequired: schema.required?.includes(name) === true,
    description: property.description ?? '',
  }))
}

const SAFE_INTEGER_MAX = Number.MAX_SAFE_INTEGER

/** The type of a value, in a few words; the name of another schema follows a `#`. */
export function describeType(schema: Schema): string {
  if (schema.$ref !== undefined) return `#${schema.$ref.split('/').at(-1)!}`
  const choices = schema.oneOf ?? schema.anyOf
  if (choices !== undefined) return [...new Set(choices.map(describeType))].join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.type === 'array') return `list of ${describeType(schema.items ?? {})}${describeBounds(schema)}`
  if (schema.type === 'object' && schema.properties !== undefined) {
    return `{ ${Object.keys(schema.properties).join(', ')} }`
  }
  return `${schema.format ?? schema.type ?? 'anything'}${describeBounds(schema)}`
}

function describeBounds(schema: Schema): string {
  const min = schema.minimum ?? schema.minLength ?? schema.minItems
  const max = schema.maximum ?? schema.maxLength ?? schema.maxItems
  const bounds = [
    min === undefined || min <= -SAFE_INTEGER_MAX ? '' : `at least ${min}`,
    max === undefined || max >= SAFE_INTEGER_MAX ? '' : `at most ${max}`,
    schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`,
  ].filter((bound) => bound !== '')
  return bounds.length === 0 ? '' : ` (${bounds.join(', ')})`
}
