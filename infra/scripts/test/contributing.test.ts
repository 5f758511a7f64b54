import { expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const GUIDE = readFileSync(join(ROOT, '.github/CONTRIBUTING.md'), 'utf8')
const { scripts, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
  version: string
}

const section = (title: string): string => GUIDE.split(`## ${title}\n`)[1]!.split('\n## ')[0]!
/** The rows of a section's table. */
const filesOf = (title: string): string[] =>
  section(title)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| file'))
const quoted = [...GUIDE.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text!)

test.each([
  ['Add a status', 8],
  ['Add a provider', 2],
  ['Add an event kind', 6],
  ['Add a metric', 3],
])('%s: at most %i files', (title, filesMax) => {
  expect(filesOf(title).length).toBeGreaterThan(1)
  expect(filesOf(title).length).toBeLessThanOrEqual(filesMax)
})

test('the files that the guide names are there', () => {
  const paths = quoted.filter((text) => /^(?:packages|services|infra)\/[\w/.-]+\.\w+$/.test(text))
  expect(paths.length).toBeGreaterThan(10)
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test('the commands that the guide names are there', () => {
  const commands = [...GUIDE.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!)
  expect(commands.length).toBeGreaterThan(8)
  expect(commands.filter((name) => scripts[name] === undefined)).toEqual([])
})

test('the changelog begins with the version of package.json', () => {
  const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8')
  expect(/^## \[([\d.]+)\]/m.exec(changelog)?.[1]).toBe(version)
})
