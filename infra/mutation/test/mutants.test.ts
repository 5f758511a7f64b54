import { expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { MUTANTS } from '../mutants.ts'

const ROOT = new URL('../../../', import.meta.url)

test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
  '%s: what it takes out is there',
  (_name, mutant) => {
    expect(readFileSync(new URL(mutant.file, ROOT), 'utf8').split(mutant.find)).toHaveLength(2)
    for (const path of mutant.tests) expect(existsSync(new URL(path.replace(/[^/]*$/, ''), ROOT))).toBe(true)
  },
)
