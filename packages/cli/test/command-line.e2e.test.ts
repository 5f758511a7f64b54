import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, hostEnvironment, type TestDatabase } from '@paxyo/testkit'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { EXIT_CODES } from '@paxyo/cli'
import { startPaxyo } from './paxyo-process.ts'
import { paxyo, type Ran } from './paxyo.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const run = promisify(execFile)
/** In a separate process, whose exit code and output are those that a shell sees. */
const inProcess = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran> =>
  startPaxyo(args, env).ended

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => database[Symbol.asyncDispose]())

describe('it runs from a clone', () => {
  test.each([
    ['node_modules/.bin/paxyo', ['--help']],
    ['npx', ['paxyo', '--help']],
    ['npm', ['run', 'paxyo', '--', '--help']],
  ])('%s %j', async (program, args) => {
    // As on a machine with another Node: the system's PATH instead of this process's.
    const PATH = process.env['PATH']!.split(':')
      .filter((folder) => !folder.includes('node_modules'))
      .join(':')
    const { stdout } = await run(program, args, { cwd: ROOT, env: { ...process.env, PATH } })
    expect(stdout).toContain('Usage: paxyo [options] [command]')
  })
})

describe('exit codes', () => {
  test('are those of the README', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const rows = [...readme.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => [Number(code), meaning])
    expect(rows).toEqual(Object.values(EXIT_CODES).map(({ code, meaning }) => [code, meaning]))
  })

  const unreachable = { DATABASE_URL: 'postgres://somebody:a-secret@127.0.0.1:1/paxyo' }
  test.each<[number, string[], Record<string, string>, RegExp]>([
    [0, ['--help'], {}, /^$/],
    [2, [], {}, /Usage: paxyo/],
    [2, ['order'], {}, /^paxyo: unknown command 'order'\n\(Did you mean orders\?\)/],
    [2, ['audit', '--rows', '0'], {}, /^paxyo: option '--rows <count>' argument '0' is invalid. 1 to 1000./],
    [2, ['audit', '--parked-age', '1 day'], unreachable, /^paxyo: 1 day is not a duration such as 90s, 15m, 12h or 7d/],
    [2, ['audit'], {}, /^paxyo: The configuration is wrong:\n {2}- DATABASE_URL: is required/],
    [
      3,
      ['audit'],
      unreachable,
      /^paxyo: connection refused at 127.0.0.1:1: PostgreSQL does not listen there\n +Start PostgreSQL/,
    ],
    [2, ['audit'], { DATA_DIR: '/nowhere' }, /^paxyo: no standalone has its data in \/nowhere\n +Start it, or correct/],
    [2, ['migrate'], {}, /^paxyo: The configuration is wrong:\n {2}- DATABASE_URL: is required/],
    [
      2,
      ['maintain'],
      { DATABASE_URL: '', MAINTAIN_EVERY_HOURS: 'daily' },
      /DATABASE_URL: is.*\n.*MAINTAIN_EVERY_HOURS: must/,
    ],
    [3, ['migrate'], unreachable, /^paxyo: connection refused at 127.0.0.1:1/],
    [3, ['maintain'], unreachable, /^paxyo: connection refused at 127.0.0.1:1/],
    [
      2,
      ['simulate'],
      { DROP_RATE: '2', SHAPES: 'xml', WEBHOOK_TOKEN: 'a-token', WEBHOOK_SECRET: 'whsec_AAAA' },
      /SHAPES: must be some of few[^]*DROP_RATE: must be a number[^]*both set/,
    ],
    [
      2,
      ['secrets', '--rotate', 'nonsense', '--folder', '/nowhere'],
      {},
      /^paxyo: nonsense cannot be rotated; available: /,
    ],
    [3, ['tail'], { REDIS_URL: 'redis://:a-secret@127.0.0.1:1' }, /^paxyo: connection refused at 127.0.0.1:1: Redis/],
  ])('%s: %j', async (code, args, env, stderr) => {
    // A wrong use opens nothing that could keep its process running.
    const ran = await (code === EXIT_CODES.usage.code && args.length > 0 ? paxyo : inProcess)(args, env)
    expect(ran.stderr).toMatch(stderr)
    expect(ran.stderr).not.toMatch(/a-secret|\n {4}at /)
    expect(ran.code).toBe(code)
  })

  test('errors as JSON', async () => {
    const { code, stdout, stderr } = await inProcess(['audit', '--json'], unreachable)
    expect([code, stdout]).toEqual([3, ''])
    expect(JSON.parse(stderr)).toEqual({
      error: { reason: 'unreachable', message: expect.any(String), hint: expect.any(String) },
    })
  })

  test('a signal', async () => {
    // No input arrives, so it waits for rows until the signal.
    const running = startPaxyo(['orders', 'import', '-', '--dry-run'], {}, { keepsInput: true })
    await eventually(() => running.stderr().includes('reading the standard input'))
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
  })
})

describe('output', () => {
  test('no colours and no progress where nobody watches', async () => {
    const { stdout, stderr } = await inProcess(['audit'], { DATABASE_URL: database.url })
    expect(stdout).toContain('No violations')
    expect(stdout + stderr).not.toContain('\u001B')
  })

  test('colours and progress on a terminal, unless NO_COLOR is set', async () => {
    // script(1) provides a terminal.
    const onTerminal = (env: Record<string, string>): Promise<{ stdout: string }> =>
      run('script', ['-qec', 'node_modules/.bin/paxyo audit', '/dev/null'], {
        cwd: ROOT,
        env: { ...hostEnvironment(), TERM: 'xterm-256color', DATABASE_URL: database.url, ...env },
      })
    const coloured = (await onTerminal({})).stdout
    expect(coloured).toContain('\u001B[32mok')
    expect(coloured).toMatch(/audit \[█+/)
    expect((await onTerminal({ NO_COLOR: '1' })).stdout).not.toContain('\u001B[32m')
  })

  test('a reader that has read enough', async () => {
    const { stdout } = await run('sh', ['-c', 'node_modules/.bin/paxyo --help | head -1'], { cwd: ROOT })
    expect(stdout).toBe('Usage: paxyo [options] [command]\n')
  })
})

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])('a script for %s', async (shell) => {
    const { stdout, code } = await inProcess(['complete', shell])
    expect(stdout).toContain('paxyo')
    expect(code).toBe(0)
  })

  test('in a real bash', async () => {
    const script = `
      PATH="$PWD/node_modules/.bin:$PATH"
      # What the package bash-completion has, for this one line.
      _get_comp_words_by_ref() { words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=\${words[cword]}; prev=\${words[cword-1]}; }
      source <(paxyo complete bash)
      COMP_WORDS=(paxyo orders ""); COMP_CWORD=2; COMP_LINE="paxyo orders "; COMP_POINT=13
      $(complete -p paxyo | sed 's/.*-F \\([^ ]*\\).*/\\1/')
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['-c', script], { cwd: ROOT })
    expect(stdout).toMatch(/^show/m)
    expect(stdout).toMatch(/^import/m)
  })
})

test('a closed output ends it', async () => {
  const child = startPaxyo(['audit', '--json'], { DATABASE_URL: database.url }).child
  child.stdout!.destroy()
  const [code] = (await once(child, 'exit')) as [number]
  expect(code).toBe(0)
})
