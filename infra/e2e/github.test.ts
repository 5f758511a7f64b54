import { describe, expect, test } from '@jest/globals'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

// GitHub's workflows have only the rights that they need, and run only pinned actions.

const GITHUB = fileURLToPath(new URL('../../.github', import.meta.url))

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Record<string, unknown>
}
interface Workflow {
  readonly permissions: Record<string, string>
  readonly jobs: Record<
    string,
    {
      readonly permissions: Record<string, string>
      readonly 'timeout-minutes': number
      readonly steps: readonly Step[]
    }
  >
}

/** Jobs that do not run what a pull request contains. */
const WRITING: Record<string, Record<string, string>> = {
  // The identity signs the images.
  'release.yml/images': { contents: 'read', packages: 'write', 'id-token': 'write' },
  // Proves the origin of a package.
  'release.yml/packages': { contents: 'read', 'id-token': 'write' },
  'release.yml/sbom': { contents: 'write' },
}

const files = readdirSync(join(GITHUB, 'workflows'))

describe.each(files)('%s', (file) => {
  const source = readFileSync(join(GITHUB, 'workflows', file), 'utf8')
  const workflow = parse(source) as Workflow
  const jobs = Object.values(workflow.jobs)
  const steps = jobs.flatMap((job) => job.steps)

  test('pins every action by its commit, and says which version that is', () => {
    const uses = source.match(/uses: .*/g) ?? []
    expect(uses.length).toBe(steps.filter((step) => step.uses !== undefined).length)
    for (const line of uses) expect(line).toMatch(/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test('has no right that a job does not name, and none to write, except to release', () => {
    expect(workflow.permissions).toEqual({})
    for (const [name, job] of Object.entries(workflow.jobs)) {
      expect(job.permissions).toEqual(WRITING[`${file}/${name}`] ?? { contents: 'read' })
      expect(job['timeout-minutes']).toBeLessThanOrEqual(60)
    }
    for (const { uses, with: options } of steps.filter((step) => step.uses?.startsWith('actions/checkout@'))) {
      expect({ uses, options }).toMatchObject({ options: { 'persist-credentials': false } })
    }
  })

  test('puts nothing of an event into a shell', () => {
    for (const { run = '' } of steps) expect(run).not.toContain('${{')
  })
})

test('updates are looked for where there is something to update', () => {
  const { updates } = parse(readFileSync(join(GITHUB, 'dependabot.yml'), 'utf8')) as {
    updates: { 'package-ecosystem': string; directory: string }[]
  }
  const kept: Record<string, string> = {
    npm: 'pnpm-lock.yaml',
    'github-actions': '.github/workflows',
    docker: 'Dockerfile',
    'docker-compose': 'docker-compose.yml',
  }
  for (const { 'package-ecosystem': ecosystem, directory } of updates) {
    const path = join(GITHUB, '..', directory, kept[ecosystem]!)
    expect({ ecosystem, directory, isThere: existsSync(path) }).toEqual({ ecosystem, directory, isThere: true })
  }
  expect(new Set(updates.map((update) => update['package-ecosystem']))).toEqual(new Set(Object.keys(kept)))
  const images = globSync('infra/**/Dockerfile', {
    cwd: join(GITHUB, '..'),
    exclude: (path) => path.includes('node_modules'),
  }).map((path) => `/${dirname(path)}`)
  const searched = updates.filter((update) => update['package-ecosystem'] === 'docker')
  expect(searched.map(({ directory }) => directory).toSorted()).toEqual(images.toSorted())
})

describe('the threat model', () => {
  const lines = readFileSync(join(GITHUB, 'SECURITY.md'), 'utf8').split('\n')
  const rows = lines.filter((line) => /^\| [^|]+ \| [STRIDE, ]+ \|/.test(line)).map((line) => line.split(' | '))

  test('covers every kind of threat', () => {
    expect(rows.length).toBeGreaterThan(15)
    const kinds = rows.flatMap(([, kind]) => kind!.split(', '))
    expect([...new Set(kinds)].toSorted()).toEqual(['D', 'E', 'I', 'R', 'S', 'T'])
  })

  test('names for each guard a test that is there', () => {
    for (const [asset, kind, threat, guard, test_] of rows) {
      const paths = [...(test_ ?? '').matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path!)
      const missing = paths.filter((path) => !path.endsWith('.test.ts') || !existsSync(join(GITHUB, path)))
      expect({ asset, kind, threat, guard, tests: paths.length > 0, missing }).toMatchObject({
        tests: true,
        missing: [],
      })
    }
  })
})

test('whoever finds a weakness is told where to go', () => {
  expect(readFileSync(join(GITHUB, 'SECURITY.md'), 'utf8')).toContain('private reporting')
})
