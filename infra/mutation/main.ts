import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MUTATIONS, type Mutation } from './mutations.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Longer than Jest waits for a test. */
const TESTS_TIMEOUT_MS = 600_000

/** Runs a mutation's tests in a copy of the last commit, and prints the tests that failed. */
async function survive(copy: string, { name, file, find, replace, tests }: Mutation): Promise<boolean> {
  const path = join(copy, file)
  const source = readFileSync(path, 'utf8')
  if (source.split(find).length !== 2) throw new Error(`${name}: ${file} must contain the text to replace exactly once`)
  writeFileSync(
    path,
    source.replace(find, () => replace),
  )
  try {
    const { code, output } = await runTests(copy, tests)
    const failed = [...output.matchAll(/^\s*✕ (.*?)(?: \(\d+ m?s\))?$/gm)].map((match) => match[1]!)
    const isSurvivor = code === 0
    console.log(`${isSurvivor ? 'SURVIVED' : 'caught'}: ${name}`)
    for (const test of failed) console.log(`    by: ${test}`)
    return isSurvivor
  } finally {
    writeFileSync(path, source)
  }
}

/** The tests are a separate process group, so that a timeout also ends the servers that they have started. */
async function runTests(copy: string, tests: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn('npm', ['test', '--', ...tests, '--verbose'], { cwd: copy, detached: true })
  const end = (): unknown => process.kill(-child.pid!, 'SIGKILL')
  process.prependOnceListener('exit', end)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  const timer = setTimeout(end, TESTS_TIMEOUT_MS)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  process.off('exit', end)
  return { code, output }
}

/** All mutations, or those whose names contain one of the words on the command line. */
const words = process.argv.slice(2)
const chosen = MUTATIONS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
if (chosen.length === 0) {
  console.error(`no mutation has such a name; available:\n${MUTATIONS.map(({ name }) => `  ${name}`).join('\n')}`)
  process.exit(1)
}
const copy = mkdtempSync(join(tmpdir(), 'paxyo-mutation-'))
process.once('exit', () => rmSync(copy, { recursive: true, force: true, maxRetries: 3 }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, copy], { stdio: 'inherit' })
let survivors = 0
for (const mutation of chosen) if (await survive(copy, mutation)) survivors += 1
console.log(`${chosen.length - survivors} caught, ${survivors} survived`)
process.exitCode = survivors === 0 ? 0 : 1
