import { describe, expect, test } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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

  test('has no right that a job does not name, and none to write: publishing proves its origin', () => {
    expect(workflow.permissions).toEqual({})
    for (const job of jobs) {
      expect(job.permissions).toEqual({ contents: 'read', ...(file === 'publish.yml' && { 'id-token': 'write' }) })
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
  expect(updates.map((update) => update['package-ecosystem']).toSorted()).toEqual(Object.keys(kept).toSorted())
})

test('whoever finds a weakness is told where to go', () => {
  expect(readFileSync(join(GITHUB, 'SECURITY.md'), 'utf8')).toContain('private reporting')
})
