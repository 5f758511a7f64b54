import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { readDoors, ROOT } from '../examples/read-doors.ts'
import { createWorld, type World } from '../examples/world.ts'
import { writeExample } from '../examples/write-example.ts'

/** Examples that are only type-checked, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  runService: 'It ends its process.',
  ...Object.fromEntries(
    ['PaxyoProvider', 'useOrders', 'useOrder', 'useBalance', 'useRefunds', 'useConnection', 'useStore'].map((name) => [
      name,
      'It runs only while React renders a component.',
    ]),
  ),
}

/** Inside the workspace, so that its packages are found. */
const FOLDER = join(ROOT, 'infra/scripts/examples/.generated')
const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

const doors = readDoors()
const examples = doors
  .filter(({ isFunction }) => isFunction)
  .map((exported) => {
    const { name, from } = exported
    const { module, worldNames, results } = writeExample(exported, doors)
    return { name, from, module, worldNames, results, file: join(FOLDER, `${from.replaceAll(/\W/g, '-')}.${name}.ts`) }
  })

beforeAll(() => {
  mkdirSync(FOLDER, { recursive: true })
  for (const { file, module } of examples) writeFileSync(file, module)
})
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }))

test('every function that a package exports has an example that shows a result', () => {
  expect(examples.length).toBeGreaterThan(80)
  const without = examples.filter(({ name, results }) => results === 0 && NOT_RUN[name] === undefined)
  expect(without.map(({ from, name }) => `${from}: ${name}`)).toEqual([])
})

test('the examples have the right types', () => {
  const compilerOptions = {
    noEmit: true,
    composite: false,
    declaration: false,
    emitDeclarationOnly: false,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    noPropertyAccessFromIndexSignature: false,
    types: ['node'],
    lib: ['esnext', 'dom', 'dom.iterable'],
  }
  const config = {
    extends: '../../../../tsconfig.base.json',
    compilerOptions,
    include: ['*.ts', '../../../../packages/*/src/**/*.d.ts'],
    // Their declarations, which the compiler writes when they are missing or old: checking all sources again takes longer.
    references: globSync('packages/*/tsconfig.json', { cwd: ROOT }).map((found) => ({ path: join(ROOT, found) })),
  }
  const path = join(FOLDER, 'tsconfig.json')
  writeFileSync(path, JSON.stringify(config))
  const { stdout, status } = spawnSync(process.execPath, [TSC, '-b', path, '--pretty', 'false'], { encoding: 'utf8' })
  expect([stdout, status]).toEqual(['', 0])
})

test.each(examples.filter(({ name }) => NOT_RUN[name] === undefined))(
  '$from: $name',
  async ({ file, worldNames, results }) => {
    expect.assertions(results)
    await using resources = new AsyncDisposableStack()
    const world = await createWorld(new Set(worldNames), resources)
    const { default: run } = (await import(file)) as { default: (world: World) => Promise<void> }
    await run(world)
  },
)
