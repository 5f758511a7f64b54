import { expect, test } from '@jest/globals'
import { combineStatements } from '../../src/transaction/combine-statements.ts'

const one = { name: 'one', text: 'INSERT INTO a VALUES ($1, $2)', values: [1, 2] }
const two = {
  name: 'two',
  alongside: { three: 'INSERT INTO c VALUES ($2)' },
  text: 'DELETE FROM b WHERE x = $1 AND y = $11 AND z = $2',
  values: Array.from({ length: 11 }, (_, index) => index + 3),
}

test('each statement has its own parameters, and those with the same ones share them', () => {
  const { text, values } = combineStatements([one, two])
  expect(text).toBe(
    'WITH one AS (INSERT INTO a VALUES ($1, $2)), three AS (INSERT INTO c VALUES ($4)), ' +
      'two AS (DELETE FROM b WHERE x = $3 AND y = $13 AND z = $4) SELECT',
  )
  expect(values).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
})

test('a combination has the same name each time, and no other one has it', () => {
  const name = (...parts: Parameters<typeof combineStatements>[0]) => combineStatements(parts).name
  expect(name(one, two)).toBe(name({ ...one, values: [8, 9] }, two))
  expect(new Set([name(one), name(two), name(one, two), name(two, one)]).size).toBe(4)
})
