import type { Exported } from './read-doors.ts'
import { WORLD_NAMES } from './world.ts'

/** An example as a module, and what it needs. */
export interface WrittenExample {
  readonly module: string
  /** The names of the {@link World} that it uses. */
  readonly worldNames: readonly string[]
  /** How many results it shows. */
  readonly results: number
}

/** Where the generated modules find it. */
const WORLD_MODULE = JSON.stringify('../world.ts')

/** `const refund = parse('2.5') //=> 25n`, or an expression alone. */
const RESULT = /^(?<before>(?:const (?<name>\w+) = )?)(?<expression>.*?) \/\/=> (?<result>.*)$/

/**
 * Writes an example as a module whose default export runs it. Its names are imported from the packages' doors, or
 * come from the world; each result behind `//=>` is expected.
 */
export function writeExample({ example = '' }: Exported, doors: readonly Exported[]): WrittenExample {
  let results = 0
  const lines = example.split('\n').map((line) => {
    const { name, expression, result } = RESULT.exec(line)?.groups ?? {}
    if (expression === undefined) return line
    results += 1
    if (name === undefined) return `expect(${expression}).toEqual(${result})`
    return `const ${name} = ${expression}\nexpect(${name}).toEqual(${result})`
  })
  const uses = (name: string): boolean => new RegExp(`(?<![\\w'"/-]|(?<!\\.\\.)\\.)${name}(?![\\w'"])`).test(example)
  const isDeclared = (name: string): boolean => new RegExp(`const ${name} =`).test(example)
  const worldNames = WORLD_NAMES.filter((name) => uses(name) && !isDeclared(name))
  const imports = doors
    .filter(({ name }) => uses(name) && !isDeclared(name))
    .map(({ name, from }) => `import { ${name} } from '${from}'\n`)
  const module = `import { expect } from '@jest/globals'
import type { World } from ${WORLD_MODULE}
${imports.join('')}
export default async function run({ ${worldNames.join(', ')} }: World): Promise<void> {
${lines.join('\n')}
}
`
  return { module, worldNames, results }
}
