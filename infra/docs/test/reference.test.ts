import { describe, expect, test } from '@jest/globals'
import { CLOSE_CODES, ERROR_CODES, isReconnectable } from '@paxyo/contracts'
import { providerProblems } from '@paxyo/providers'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ARCHIVE_VARIABLES } from '../../../packages/cli/src/archive-config.ts'
import { loadIngestConfig } from '../../../services/webhook-ingest/src/config.ts'
import { loadGatewayConfig } from '../../../services/ws-gateway/src/config.ts'
import { loadStandaloneConfig } from '../../../services/standalone/src/config.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** The cells of the tables below a heading, code marks removed. */
const rowsBelow = (text: string, heading: string): string[][] =>
  [
    ...text
      .split(`\n## ${heading}\n`)[1]!
      .split('\n## ')[0]!
      .matchAll(/^\| [`\d].*\|$/gm),
  ].map(([row]) => row.split(' | ').map((cell) => cell.replaceAll(/^\| |\|$|`/g, '').trim()))

const byName = ([one = '']: readonly string[], [other = '']: readonly string[]): number => one.localeCompare(other)

const ENVIRONMENT: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://db/paxyo',
  REDIS_URL: 'redis://redis',
  JWT_SECRETS: 'at-least-32-bytes-of-a-secret-value',
}
const REQUIRED = ['DATABASE_URL', 'REDIS_URL']

type Load = (environment: NodeJS.ProcessEnv) => object

/** The variables that a service reads. */
function variablesOf(load: Load): string[] {
  const names = new Set<string>()
  load(
    new Proxy(ENVIRONMENT, {
      get(values, name) {
        names.add(String(name))
        return values[String(name)]
      },
    }),
  )
  return [...names].filter((name) => !name.endsWith('_FILE') || !names.has(name.slice(0, -'_FILE'.length)))
}

function defaultOf(load: Load, name: string): string {
  const config = load({ ...ENVIRONMENT }) as Record<string, unknown>
  const value = name in ENVIRONMENT ? undefined : config[name]
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '–'
  return `${value as string | number | boolean}`.replace(ROOT, '')
}

describe('the tables of configuration.md are those of the code', () => {
  const text = read('infra/docs/reference/configuration.md')

  test.each<[string, Load, readonly string[]]>([
    ['webhook-ingest', loadIngestConfig, REQUIRED],
    ['ws-gateway', loadGatewayConfig, REQUIRED],
    ['standalone', loadStandaloneConfig, []],
  ])('%s', (service, load, required) => {
    const expected = variablesOf(load).map((name) => [
      name,
      required.includes(name) ? 'required' : defaultOf(load, name),
    ])
    const listed = rowsBelow(text, service).map(([name, value]) => [name!, value!])

    expect(listed.toSorted(byName)).toEqual(expected.toSorted(byName))
  })
})

test('the table of archive.md is that of the code', () => {
  const listed = rowsBelow(read('infra/docs/reference/archive.md'), 'Configuration').map(([name]) => name)
  expect(listed).toEqual(ARCHIVE_VARIABLES)
})

test('retention.md says for how long each table is kept', () => {
  const schema = read('packages/database/src/schema.generated.ts')
  const [, members] = /^export interface DB \{\n([^}]*)\}/m.exec(schema)!
  const tables = [...members!.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name!)
  const rows = [...read('infra/docs/reference/retention.md').matchAll(/^\| [^|]+ \| (`[^|]+) \|/gm)]
  const listed = new Set(rows.flatMap(([, cell]) => [...cell!.matchAll(/`(\w+)/g)].map(([, name]) => name!)))
  expect([...listed].toSorted()).toEqual(tables.toSorted())
})

test('the providers of the how-to guide are a valid PROVIDERS_FILE', () => {
  const guide = read('infra/docs/how-to/use-several-providers.md')
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-providers-'))
  const file = join(folder, 'providers.json')
  try {
    writeFileSync(file, /^```json providers.json\n([^]*?)^```$/m.exec(guide)![1]!)
    expect(providerProblems({ PROVIDERS_FILE: file })).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('the tables of errors.md are those of the code', () => {
  const text = read('infra/docs/reference/errors.md')

  test('HTTP errors', () => {
    expect(rowsBelow(text, 'HTTP errors').map(([code, status]) => [code, Number(status)])).toEqual(
      Object.entries(ERROR_CODES).map(([code, { status }]) => [code, status]),
    )
  })

  test('close codes', () => {
    expect(rowsBelow(text, 'WebSocket close codes').map((row) => row.slice(0, 3))).toEqual(
      Object.entries(CLOSE_CODES).map(([name, { code }]) => [String(code), name, isReconnectable(code) ? 'yes' : 'no']),
    )
  })
})

const PAGES = globSync(['README.md', 'infra/docs/**/*.md'], { cwd: ROOT })
  .map((path) => path.replaceAll('\\', '/'))
  .toSorted((one, other) => one.localeCompare(other))

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

test.each(PAGES)('%s links only to what is there', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)]
  const broken = links.filter(([, path, anchor]) => {
    const target = path === '' ? page : join(dirname(page), path!)
    if (!existsSync(join(ROOT, target))) return true
    return anchor !== undefined && !anchorsOf(read(target)).includes(anchor)
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

test("the runbook's SQL goes by a psql that an installation has", () => {
  const spans = read('infra/docs/runbook.md')
    .replaceAll(/^ *```[^]*?^ *```$/gm, '')
    .split('`')
    .filter((_text, index) => index % 2 === 1)
  const commands = spans.filter((text) => /\bpsql /.test(text))
  expect(commands.length).toBeGreaterThan(1)
  expect(commands.filter((command) => !command.startsWith('kubectl cnpg '))).toEqual([])
})

test('an update and a rotation restart every unit that goes on, as it reads its secrets when it starts', () => {
  const units = globSync('infra/deploy/systemd/*.service', { cwd: ROOT })
    .filter((path) => /^Restart=always$/m.test(read(path)))
    .map((path) => basename(path, '.service'))
  expect(units.length).toBeGreaterThan(2)
  const blocks = [...read('infra/docs/how-to/high-availability.md').matchAll(/^ *```sh\n[^]*?^ *```$/gm)]
    .map(([block]) => block)
    .filter((block) => block.includes('systemctl restart paxyo-ws-gateway'))
  expect(blocks).toHaveLength(2)
  for (const block of blocks) {
    const restarted = [...block.matchAll(/systemctl (?:try-)?restart (paxyo-(?!migrate)[\w-]+)$/gm)].map(
      ([, unit]) => unit,
    )
    expect(new Set(restarted)).toEqual(new Set(units))
  }
})

test('every guarantee names a test', () => {
  const rows = [...read('infra/docs/explanation/guarantees.md').matchAll(/^\| \d .*$/gm)].map(([row]) => row)
  expect(rows).toHaveLength(8)
  for (const row of rows) expect(row).toMatch(/\]\(\S+\.test\.ts\)/)
})

test('every page of infra/docs is linked from the index', () => {
  const reached = new Set(['infra/docs/README.md'])
  for (const page of reached) {
    for (const [, path] of read(page).matchAll(/\]\((?!https?:)([^)#\s]+\.md)/g)) {
      const target = join(dirname(page), path!)
      if (PAGES.includes(target)) reached.add(target)
    }
  }
  expect(PAGES.filter((page) => page !== 'README.md' && !reached.has(page))).toEqual([])
})
