import { parseSync, Visitor, type CallExpression, type NewExpression } from 'oxc-parser'

/** A regular expression of a source file. */
export interface FoundExpression {
  readonly line: number
  readonly pattern: string
  readonly flags: string
}

export interface FoundInSource {
  readonly expressions: readonly FoundExpression[]
  /** Lines that give a schema a pattern through zod's own `.regex()`, which does not check the length first. */
  readonly unboundedSchemas: readonly number[]
}

/** Replaces the parts of a `RegExp` that are known only at run time. */
const PLACEHOLDER = 'x'

/** Finds the regular expressions of a source file: literals and calls of `RegExp`. */
export function findExpressions(fileName: string, source: string): FoundInSource {
  const { program, errors } = parseSync(fileName, source)
  if (errors.length > 0) throw new Error(`${fileName}: ${errors[0]!.message}`)
  const expressions: FoundExpression[] = []
  const unboundedSchemas: number[] = []
  const lineOf = (offset: number): number => source.slice(0, offset).split('\n').length

  const visitCall = (node: CallExpression | NewExpression): void => {
    const { callee, start, arguments: given } = node
    if (callee.type === 'MemberExpression' && !callee.computed && callee.property.name === 'regex') {
      unboundedSchemas.push(lineOf(start))
    }
    if (callee.type !== 'Identifier' || callee.name !== 'RegExp') return
    const [pattern, flags] = given.map(textOf)
    expressions.push({ line: lineOf(start), pattern: pattern ?? PLACEHOLDER, flags: flags ?? '' })
  }
  new Visitor({
    Literal(node) {
      if ('regex' in node) expressions.push({ line: lineOf(node.start), ...node.regex })
    },
    CallExpression: visitCall,
    NewExpression: visitCall,
  }).visit(program)
  return { expressions, unboundedSchemas }
}

function textOf(node: CallExpression['arguments'][number]): string {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node.type === 'TemplateLiteral') return node.quasis.map(({ value }) => value.cooked).join(PLACEHOLDER)
  return PLACEHOLDER
}
