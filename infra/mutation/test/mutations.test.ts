import { expect, test } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MUTANTS } from '../mutants.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
  '%s: what it takes out is there, and so are its tests',
  (_name, { file, find, tests }) => {
    expect(readFileSync(`${ROOT}${file}`, 'utf8').split(find)).toHaveLength(2)
    for (const path of tests) expect(globSync(`${path}{,*,/**/*}.test.ts`, { cwd: ROOT })).not.toEqual([])
  },
)
