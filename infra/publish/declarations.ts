/**
 * Type declarations of a package that need no other package of the workspace, and are readable.
 *
 * How: the compiler's own declarations of each file that an entry reaches are copied, with relative imports. Types that are
 * inferred from zod schemas are replaced by what they are. `browser-client` uses only types of `contracts`: those are
 * printed into one file, so its declarations do not need zod.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { API, NodeBuilderFlags } from 'typescript/unstable/sync'
import { ROOT } from './manifest.ts'

const IMPORT = /(\bfrom |\bimport\()(['"])([^'"]+)\2/g
const INFERRED = /^export type (\w+) = z\.(?:infer|input|output)<typeof \w+>;$/gm

/** The entries of other packages of the workspace, by their specifiers, and their declarations. */
const WORKSPACE: Readonly<Record<string, string>> = {
  '@paxyo/contracts': 'packages/contracts/src/index.ts',
  '@paxyo/contracts/data': 'packages/contracts/src/data/index.ts',
  '@paxyo/order-core': 'packages/order-core/src/index.ts',
}
const PRINTED_FILE = 'contracts.d.ts'

export interface DeclarationOptions {
  /** Such as `packages/browser-client`. */
  readonly folder: string
  readonly entries: readonly { readonly source: string; readonly file: string }[]
  readonly outDir: string
  /** Prints the types of `contracts` instead of copying its declarations, which need zod. */
  readonly isPrinted: boolean
}

/** The package must have been compiled by `tsc -b`. */
export function writeDeclarations({ folder, entries, outDir, isPrinted }: DeclarationOptions): void {
  using types = openTypes()
  const printed = new Set<string>()
  const pending = entries.map(({ source }) => join(folder, source))
  const written = new Set(pending)

  /** Where a source's declarations are in the published package. */
  const placeOf = (source: string): string => {
    const [, other, path] = /^packages\/([^/]+)\/src\/(.*)\.ts$/.exec(source)!
    return join('types', `packages/${other}` === folder ? '' : other!, `${path}.d.ts`)
  }

  for (let source = pending.shift(); source !== undefined; source = pending.shift()) {
    const from = source
    const text = readFileSync(join(ROOT, declarationOf(from)), 'utf8')
      .replace(IMPORT, (_whole, keyword: string, quote: string, spec: string) => {
        return `${keyword}${quote}${resolve(from, spec)}${quote}`
      })
      .replace(INFERRED, (_whole, name: string) => `export type ${name} = ${types.print(from, name)};`)
    write(join(outDir, placeOf(from)), text)
  }
  if (printed.size > 0) write(join(outDir, 'types', PRINTED_FILE), printTypes(types, printed))
  for (const { source, file } of entries) {
    write(join(outDir, `${file}.d.ts`), `export * from './${toImport('.', placeOf(join(folder, source)))}';\n`)
  }

  function resolve(from: string, spec: string): string {
    const target = spec.startsWith('.') ? join(dirname(from), spec) : WORKSPACE[spec]
    if (target === undefined) return spec
    if (isPrinted && !spec.startsWith('.')) {
      for (const name of importedNames(from, spec)) printed.add(`${target}#${name}`)
      return toImport(dirname(placeOf(from)), join('types', PRINTED_FILE))
    }
    if (!written.has(target)) {
      written.add(target)
      pending.push(target)
    }
    return toImport(dirname(placeOf(from)), placeOf(target))
  }
}

/** The compiler's declarations of a source file. */
function declarationOf(source: string): string {
  const path = source.replace('/src/', '/dist/').replace(/\.ts$/, '.d.ts')
  if (!existsSync(join(ROOT, path))) throw new Error(`${path} is missing: compile the package first`)
  return path
}

function toImport(folder: string, declaration: string): string {
  const path = relative(folder, declaration)
    .replaceAll('\\', '/')
    .replace(/\.d\.ts$/, '.js')
  return path.startsWith('.') || folder === '.' ? path : `./${path}`
}

/** The names that a file's declarations import from a package. */
function importedNames(source: string, spec: string): string[] {
  const text = readFileSync(join(ROOT, declarationOf(source)), 'utf8')
  const imports = [...text.matchAll(/^import type \{([^}]*)\} from '([^']+)';$/gm)].filter(
    ([, , from]) => from === spec,
  )
  if (imports.length === 0) throw new Error(`${source} does not only import types from ${spec}`)
  return imports.flatMap(([, names]) => names!.split(',').map((name) => name.trim().split(' as ')[0]!))
}

function printTypes(types: Types, references: ReadonlySet<string>): string {
  const declarations = [...references].toSorted().map((reference) => {
    const [entry, name] = reference.split('#') as [string, string]
    return [name, types.print(sourceThatDeclares(entry, name), name)] as const
  })
  return [...new Map(declarations)].map(([name, type]) => `export type ${name} = ${type};\n`).join('')
}

/** Follows the exports of an entry to the file in which a type is declared. */
function sourceThatDeclares(entry: string, name: string): string {
  const text = readFileSync(join(ROOT, entry), 'utf8')
  for (const [, names, spec] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm)) {
    if (new RegExp(`\\b${name}\\b`).test(names!)) return join(dirname(entry), spec!)
  }
  throw new Error(`${entry} does not export ${name}`)
}

interface Types extends Disposable {
  /** A type as it is, without aliases. */
  print(source: string, name: string): string
}

const FLAGS =
  NodeBuilderFlags.NoTruncation |
  NodeBuilderFlags.MultilineObjectLiterals |
  NodeBuilderFlags.InTypeAlias |
  NodeBuilderFlags.UseSingleQuotesForStringLiteralType

function openTypes(): Types {
  const api = new API({ cwd: ROOT })
  const projects = ['contracts', 'order-core', 'browser-client', 'panel-client']
  const snapshot = api.updateSnapshot({
    openProjects: projects.map((name) => join(ROOT, `packages/${name}/tsconfig.json`)),
  })
  return {
    print(source, name) {
      const file = join(ROOT, source)
      const start = new RegExp(`^export type (?=${name}\\b)`, 'm').exec(readFileSync(file, 'utf8'))
      if (start === null) throw new Error(`${source} does not declare ${name}`)
      const { checker } = snapshot.getDefaultProjectForFile(file)!
      const symbol = checker.getSymbolAtPosition(file, start.index + start[0].length)!
      return checker.typeToString(checker.getDeclaredTypeOfSymbol(symbol), undefined, FLAGS)
    },
    [Symbol.dispose]: () => api.close(),
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
