import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { OPEN_STATUSES, ORDER_STATUSES, RECORDED_OUTCOMES } from '@paxyo/contracts'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

/** The words that an expression of the schema names. */
const wordsOf = (expression: string): Set<string> =>
  new Set([...expression.matchAll(/'(\w+)'::/g)].map(([, word]) => word!))

test.each([
  ['orders', 'status', ORDER_STATUSES],
  ['deliveries', 'outcome', RECORDED_OUTCOMES],
])('what %s.%s may be is what the contract lists', async (table, column, words) => {
  const { rows } = await database.owner.query<{ definition: string }>(
    `SELECT pg_get_constraintdef(pg_constraint.oid) AS definition
     FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]
     WHERE conrelid = $1::regclass AND attname = $2 AND contype = 'c'`,
    [table, column],
  )
  expect(rows.map(({ definition }) => wordsOf(definition))).toEqual([new Set(words)])
})

test('the orders that the database calls open are those that the contract calls open', async () => {
  const { rows } = await database.owner.query<{ expression: string }>(
    `SELECT pg_get_expr(adbin, adrelid) AS expression
     FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
     WHERE adrelid = 'orders'::regclass AND attname = 'is_open'`,
  )
  expect(rows.map(({ expression }) => wordsOf(expression))).toEqual([new Set(OPEN_STATUSES)])
})
