import { parseArgs } from 'node:util'
import { describeViolation } from './find-banned-words.ts'
import { findInRepository } from './repository.ts'

// node infra/scripts/plain-english/main.ts [--count] [path …]

const { values, positionals } = parseArgs({ options: { count: { type: 'boolean' } }, allowPositionals: true })
const violations = findInRepository(positionals.length > 0 ? positionals : [''])

if (values.count === true) {
  const counts = new Map<string, number>()
  for (const { path } of violations) {
    const folder = path.includes('/') ? path.split('/').slice(0, 2).join('/') : '.'
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  for (const [folder, count] of [...counts].toSorted(([, one], [, other]) => other - one)) {
    console.log(`${String(count).padStart(6)}  ${folder}`)
  }
} else {
  for (const violation of violations) console.log(describeViolation(violation))
}
console.log(`${violations.length} banned words`)
process.exitCode = violations.length > 0 ? 1 : 0
