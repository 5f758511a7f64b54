import { parseSync, type Comment } from 'oxc-parser'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A value that a package's door exports. */
export interface Exported {
  readonly name: string
  /** The name of its package, with the path of the door if it is not the only one. */
  readonly from: string
  readonly isFunction: boolean
  /** The code after `@example` in its comment; undefined when there is none. */
  readonly example: string | undefined
}

/** Every value that the door of a package exports, once. Those of the tests' own package are used by every test. */
export function readDoors(): Exported[] {
  const exportedByName = new Map<string, Exported>()
  for (const path of globSync('packages/*/package.json', { cwd: ROOT }).toSorted()) {
    const { name: from, exports } = JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as PackageFile
    if (exports === undefined || from === '@paxyo/testkit') continue
    const doors = typeof exports === 'string' ? { '.': exports } : exports
    for (const [door, file] of Object.entries(doors)) {
      for (const exported of exportsOf(resolve(ROOT, dirname(path), file))) {
        // The first door that has it.
        if (exportedByName.get(exported.name)?.from.startsWith(from) === true) continue
        exportedByName.set(exported.name, { ...exported, from: from + door.slice(1) })
      }
    }
  }
  return [...exportedByName.values()]
}

interface PackageFile {
  readonly name: string
  readonly exports?: string | Readonly<Record<string, string>>
}

function* exportsOf(file: string): Generator<Omit<Exported, 'from'>> {
  const source = readFileSync(file, 'utf8')
  const { program, comments } = parseSync(file, source)
  for (const statement of program.body) {
    if (statement.type === 'ExportAllDeclaration') yield* exportsOf(resolve(dirname(file), statement.source.value))
    if (statement.type !== 'ExportNamedDeclaration' || statement.exportKind === 'type') continue
    if (statement.source !== null) {
      const names = new Set(statement.specifiers.map(({ local }) => ('name' in local ? local.name : local.value)))
      for (const exported of exportsOf(resolve(dirname(file), statement.source.value))) {
        if (names.has(exported.name)) yield exported
      }
      continue
    }
    const example = exampleOf(commentBefore(statement.start, comments, source))
    const { declaration } = statement
    if (declaration?.type === 'FunctionDeclaration' || declaration?.type === 'ClassDeclaration') {
      yield { name: declaration.id!.name, isFunction: declaration.type === 'FunctionDeclaration', example }
    }
    if (declaration?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declaration.declarations) {
      const isFunction = init?.type === 'ArrowFunctionExpression' || init?.type === 'FunctionExpression'
      if (id.type === 'Identifier') yield { name: id.name, isFunction, example }
    }
  }
}

function commentBefore(start: number, comments: readonly Comment[], source: string): string {
  const before = comments.filter(({ end }) => end <= start && source.slice(end, start).trim() === '')
  return before.at(-1)?.value ?? ''
}

function exampleOf(comment: string): string | undefined {
  const text = comment.replaceAll(/^ *\*? ?/gm, '').trimEnd()
  return /^@example\n([^]*?)(?=^@\w|(?![^]))/m.exec(text)?.[1]?.trimEnd()
}
