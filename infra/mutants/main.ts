import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MUTANTS, type Mutant } from './mutants.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TEST_TIMEOUT_MS = 180_000

/** Runs a mutant's tests in a copy of the last commit, and says which of them noticed. */
function survive(copy: string, { name, file, find, replace, tests }: Mutant): boolean {
  const path = join(copy, file)
  const source = readFileSync(path, 'utf8')
  if (source.split(find).length !== 2) throw new Error(`${name}: what to replace must stand in ${file} exactly once`)
  writeFileSync(
    path,
    source.replace(find, () => replace),
  )
  try {
    const { status, stdout, stderr } = spawnSync('npm', ['test', '--', ...tests, '--verbose'], {
      cwd: copy,
      encoding: 'utf8',
      timeout: TEST_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    const failed = [...`${stdout}${stderr}`.matchAll(/^\s*✕ (.*?)(?: \(\d+ m?s\))?$/gm)].map((match) => match[1]!)
    const isSurvivor = status === 0
    console.log(`${isSurvivor ? 'SURVIVED' : 'caught'}: ${name}`)
    for (const test of failed) console.log(`    by: ${test}`)
    return isSurvivor
  } finally {
    writeFileSync(path, source)
  }
}

/** All of them, or those whose names hold one of the words on the command line. */
const words = process.argv.slice(2)
const chosen = MUTANTS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
if (chosen.length === 0) {
  console.error(`no mutant is called so; there are:\n${MUTANTS.map(({ name }) => `  ${name}`).join('\n')}`)
  process.exit(1)
}
const copy = mkdtempSync(join(tmpdir(), 'paxyo-mutants-'))
let survivors = 0
try {
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, copy], { stdio: 'inherit' })
  for (const mutant of chosen) if (survive(copy, mutant)) survivors += 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}
console.log(`${chosen.length - survivors} caught, ${survivors} survived`)
process.exitCode = survivors === 0 ? 0 : 1
