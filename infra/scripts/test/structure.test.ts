import { expect, test } from '@jest/globals'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const posix = (path: string): string => path.replaceAll('\\', '/')

/** A workspace folder, such as `packages/ledger`. */
const workspaceOf = (path: string): string =>
  /^(?:infra\/deploy\/[^/]+|infra\/[^/]+|[^/]+\/[^/]+)/.exec(path)?.[0] ?? path

/** The files that packages export, by their import specifiers. */
const manifests = new Map(
  globSync('{packages/*,services/*,infra/bench,infra/deploy/*}/package.json', { cwd: ROOT }).flatMap((path) => {
    const { name, exports = './src/index.ts' } = JSON.parse(read(path)) as {
      name: string
      exports?: string | Record<string, string>
    }
    const doors = typeof exports === 'string' ? { '.': exports } : exports
    return Object.entries(doors).map(([door, file]) => [name + door.slice(1), posix(join(dirname(path), file))])
  }),
)

interface Import {
  readonly from: string
  readonly to: string
  /** Imports of types have no effect at run time. */
  readonly isType: boolean
  /** Loaded when it is needed. */
  readonly isDynamic: boolean
}

const SOURCES = globSync(['packages/**/*.ts', 'services/**/*.ts', 'infra/**/*.ts'], {
  cwd: ROOT,
  exclude: (path) => /node_modules|dist|released/.test(path),
})
  .map(posix)
  .filter((path) => !path.endsWith('.d.ts'))

const IMPORT = /^(?:import|export)(?<type> type)?[^'"]*? from '(?<spec>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)/gm

const imports: readonly Import[] = SOURCES.flatMap((from) =>
  [...read(from).matchAll(IMPORT)].flatMap(({ groups = {} }) => {
    const spec = groups['spec'] ?? groups['dynamic']!
    const to = spec.startsWith('.') ? posix(join(dirname(from), spec)) : manifests.get(spec)
    return to === undefined
      ? []
      : [{ from, to, isType: groups['type'] !== undefined, isDynamic: groups['dynamic'] !== undefined }]
  }),
)

const isSource = (path: string): boolean => !/\/test\//.test(path)

/** All cycles of two or more nodes (Tarjan's strongly connected components). */
function cyclesOf(edges: readonly (readonly [string, string])[]): string[][] {
  const targets = Map.groupBy(edges, ([from]) => from)
  const places = new Map<string, { index: number; low: number; isOpen: boolean }>()
  const stack: string[] = []
  const cycles: string[][] = []
  const visit = (node: string): { index: number; low: number; isOpen: boolean } => {
    const place = { index: places.size, low: places.size, isOpen: true }
    places.set(node, place)
    stack.push(node)
    for (const [, to] of targets.get(node) ?? []) {
      const target = places.get(to) ?? visit(to)
      if (target.isOpen) place.low = Math.min(place.low, target.low)
    }
    if (place.low === place.index) {
      const members = stack.splice(stack.indexOf(node))
      for (const member of members) places.get(member)!.isOpen = false
      if (members.length > 1) cycles.push(members.toSorted((one, other) => one.localeCompare(other)))
    }
    return place
  }
  for (const node of targets.keys()) if (!places.has(node)) visit(node)
  return cycles
}

/** A file's folder below its package's sources; a file directly in them counts as its own folder. */
function folderOf(path: string): string {
  const isTop = /^(?:.*?\/(?:src|page)|infra\/[^/]+)\/[^/]+$/.test(path)
  return isTop ? path : dirname(path)
}

test('the imports are found', () => {
  expect(imports.length).toBeGreaterThan(1_000)
  const missing = imports
    .map(({ to }) => to)
    .filter((path) => !existsSync(join(ROOT, path)) && !path.includes('/dist/'))
  expect(missing).toEqual([])
  const edges = ['ab', 'bc', 'cb', 'cd'].map(([from, to]) => [from!, to!] as const)
  expect(cyclesOf(edges)).toEqual([['b', 'c']])
})

test('no file is a part of an import cycle', () => {
  expect(cyclesOf(imports.map(({ from, to }) => [from, to] as const))).toEqual([])
})

test('no folder of sources is a part of an import cycle, within its package or between packages', () => {
  const edges = imports
    .filter(({ from, to }) => isSource(from) && isSource(to) && folderOf(from) !== folderOf(to))
    .map(({ from, to }) => [folderOf(from), folderOf(to)] as const)
  expect(cyclesOf(edges)).toEqual([])
})

test('packages import no services, and services no other service but in the standalone', () => {
  const wrong = imports.filter(({ from, to }) => {
    if (!isSource(from) || !to.startsWith('services/') || workspaceOf(from) === workspaceOf(to)) return false
    return from.startsWith('packages/') || (from.startsWith('services/') && !from.startsWith('services/standalone/'))
  })
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
})

test('a package declares what it imports, so that it is in the image that has only its dependencies', () => {
  const undeclared = globSync('{packages,services}/*/package.json', { cwd: ROOT }).flatMap((manifest) => {
    const {
      name,
      dependencies = {},
      peerDependencies = {},
    } = JSON.parse(read(manifest)) as {
      name: string
      dependencies?: Record<string, string>
      peerDependencies?: Record<string, string>
    }
    const declared = new Set([name, ...Object.keys(dependencies), ...Object.keys(peerDependencies)])
    const sources = SOURCES.filter((path) => path.startsWith(`${posix(dirname(manifest))}/src/`))
    return sources.flatMap((path) =>
      [...read(path).matchAll(IMPORT)]
        .filter(({ groups = {} }) => groups['type'] === undefined)
        .map(({ groups = {} }) => groups['spec'] ?? groups['dynamic']!)
        .filter((spec) => !/^(?:\.|node:)/.test(spec))
        .map((spec) => /^(?:@[^/]+\/)?[^/]+/.exec(spec)![0])
        .filter((imported) => !declared.has(imported))
        .map((imported) => `${path} imports ${imported}`),
    )
  })
  // The embed script is bundled when it is built: it has no dependencies at run time.
  expect(undeclared.filter((line) => !line.startsWith('packages/paxyo-js/'))).toEqual([])
})

test('order-core imports no I/O and nothing of Node', () => {
  const specs = SOURCES.filter((path) => path.startsWith('packages/order-core/src/')).flatMap((path) =>
    [...read(path).matchAll(IMPORT)].map(({ groups = {} }) => groups['spec'] ?? groups['dynamic']!),
  )
  expect(new Set(specs.filter((spec) => !spec.startsWith('.')))).toEqual(new Set(['@paxyo/contracts']))
})

test('the help and completion of the command line load no implementation of a command', () => {
  const reached = new Set(['packages/cli/src/run-command-line.ts'])
  for (const file of reached) {
    const loaded = imports.filter(({ from, isType, isDynamic }) => from === file && !isType && !isDynamic)
    for (const { to } of loaded) reached.add(to)
  }
  expect(reached).toContain('packages/cli/src/commands/audit.ts')
  const outside = [...reached].filter((path) => !/^packages\/(?:cli|contracts)\/src\/|\/src\/audit\//.test(path))
  expect(outside).toEqual([])
  const specs = [...reached].flatMap((path) =>
    [...read(path).matchAll(IMPORT)]
      .filter(({ groups = {} }) => groups['type'] === undefined && groups['dynamic'] === undefined)
      .map(({ groups = {} }) => groups['spec']!),
  )
  const packages = specs.filter((spec) => !/^(?:\.|node:|@paxyo\/)/.test(spec))
  expect(new Set(packages)).toEqual(new Set(['commander', '@bomb.sh/tab/commander']))
})

test('the steps of the architecture are files, and each is reached from the one before', () => {
  const rows = [...read('infra/docs/architecture.md').matchAll(/^\| [^|]+ \| \[.*$/gm)].map(([row]) =>
    [...row.matchAll(/\]\(\.\.\/\.\.\/([^)]+)\)/g)].map(([, path]) => path!),
  )
  expect(rows.length).toBeGreaterThan(12)
  for (const path of rows.flat()) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true])

  // Within a process imports connect the steps; between processes the bus and the socket do.
  const reachable = (from: string): Set<string> => {
    const reached = new Set([from])
    for (const file of reached) for (const { from: source, to } of imports) if (source === file) reached.add(to)
    return reached
  }
  const files = rows.flat()
  const first = (name: string): string => files.find((path) => path.endsWith(name))!
  const ofIngest = files.slice(files.indexOf(first('batcher.ts')), files.indexOf(first('outbox.ts')))
  const ofBatcher = reachable(first('batcher.ts'))
  expect(ofIngest.filter((path) => !ofBatcher.has(path))).toEqual([])
  const ofGateway = reachable('services/ws-gateway/src/gateway.ts')
  expect(files.filter((path) => path.startsWith('services/ws-gateway/') && !ofGateway.has(path))).toEqual([])
  const ofPage = reachable('packages/paxyo-js/src/bind-page.ts')
  expect(files.filter((path) => path.startsWith('packages/browser-client/') && !ofPage.has(path))).toEqual([])
  const called = (file: string, name: string): boolean => new RegExp(`\\b${name}\\(`).test(read(file))
  expect(called(first('route.ts'), 'authenticate')).toBe(true)
  expect(called(first('route.ts'), 'parseUpdates')).toBe(true)
  expect(called(first('route.ts'), 'submit')).toBe(true)
})
