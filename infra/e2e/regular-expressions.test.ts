import { expect, test } from '@jest/globals'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { checkSync } from 'recheck'
import { findExpressions } from './find-expressions.ts'

// With a super-linear regular expression, one request can stop the whole process. Every expression of the product must be
// linear, even those that match only short texts, so that no review has to distinguish them. Those that were found linear are
// in a list, because checking all takes 16 seconds. The nightly run checks the listed ones again: CHECK_LISTED=on.

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Code that reads users' input; tests and their tools read only our own texts. */
const SOURCES = [
  'packages/*/src/**/*.{ts,tsx,js,mjs}',
  'services/*/{src,page}/**/*.{ts,tsx,js,mjs}',
  'infra/deploy/*/src/**/*.{ts,mjs}',
]
const TOOLS = 'packages/testkit/'
/** The only place that may give a schema a pattern: it checks the length first. */
const BOUNDED_TEXT = 'packages/contracts/src/schemas/bounded-text.ts'
const CHECK_TIMEOUT_MS = 120_000

const LIST = new URL('linear-expressions.json', import.meta.url)
const listed = JSON.parse(readFileSync(LIST, 'utf8')) as readonly string[]
/** Each is checked in every run. */
const UNLISTED_MAX = 20
const CHECKS_LISTED = process.env['CHECK_LISTED'] === 'on'

process.env['RECHECK_BACKEND'] = 'pure'

const found = globSync(SOURCES, { cwd: ROOT })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !path.startsWith(TOOLS) && !path.includes('/dist/'))
  .map((path) => Object.assign(findExpressions(path, readFileSync(ROOT + path, 'utf8')), { path }))

/** @returns the complexity of an expression that is not linear; undefined when it is linear. */
function superLinearity(pattern: string, flags: string): string | undefined {
  const result = checkSync(pattern, flags, { timeout: CHECK_TIMEOUT_MS })
  if (result.status === 'safe') return undefined
  return result.status === 'vulnerable' ? result.complexity.summary : `unknown: ${result.error.kind}`
}

const placesByExpression = Map.groupBy(
  found.flatMap(({ path, expressions }) => expressions.map((expression) => ({ path, ...expression }))),
  ({ pattern, flags }) => `/${pattern}/${flags}`,
)

test('no regular expression is super-linear', () => {
  expect(placesByExpression.size).toBeGreaterThan(80)
  const checked = [...placesByExpression].filter(([expression]) => CHECKS_LISTED || !listed.includes(expression))
  const faults = checked.flatMap(([expression, same]) => {
    const { pattern, flags } = same[0]!
    const why = superLinearity(pattern, flags)
    return why === undefined ? [] : same.map(({ path, line }) => `${path}:${line} ${expression} ${why}`)
  })
  expect(faults).toEqual([])
  if (process.env['UPDATE_LIST'] !== 'on') return
  writeFileSync(LIST, `${JSON.stringify([...placesByExpression.keys()].toSorted(), null, 2)}\n`)
})

test('the list has nearly all of them; UPDATE_LIST=on writes it', () => {
  const unlisted = [...placesByExpression.keys()].filter((expression) => !listed.includes(expression))
  expect(unlisted.length).toBeLessThanOrEqual(UNLISTED_MAX)
})

test('schemas get their patterns by boundedText, which checks the length first', () => {
  const faults = found
    .filter(({ path }) => path !== BOUNDED_TEXT)
    .flatMap(({ path, unboundedSchemas }) => unboundedSchemas.map((line) => `${path}:${line}`))
  expect(faults).toEqual([])
})

test('an expression that is super-linear is found, wherever it stands', () => {
  const source = [
    'const note = z.string().regex(/^[^\\0]*[^\\s\\0][^\\0]*$/)',
    'const zeros = new RegExp("0+$")',
    'const named = (name: string) => RegExp(`${name}: (a|a)*b`, "u")',
  ].join('\n')
  const { expressions, unboundedSchemas } = findExpressions('sample.ts', source)

  expect(unboundedSchemas).toEqual([1])
  expect(expressions.map(({ line, pattern, flags }) => [line, superLinearity(pattern, flags)])).toEqual([
    [1, '2nd degree polynomial'],
    [2, '2nd degree polynomial'],
    [3, 'exponential'],
  ])
})
