import { expect, test } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MUTATIONS } from '../mutations.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

test.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
  '%s: its file contains the text to replace, and its tests exist',
  (_name, { file, find, tests }) => {
    expect(readFileSync(`${ROOT}${file}`, 'utf8').split(find)).toHaveLength(2)
    for (const path of tests) expect(globSync(`${path}{,*,/**/*}.test.ts`, { cwd: ROOT })).not.toEqual([])
  },
)
