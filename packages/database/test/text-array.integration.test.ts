import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import fc from 'fast-check'
import { textArray } from '../src/text-array.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

const roundTrip = async (texts: readonly string[]): Promise<string[]> => {
  const { rows } = await database.owner.query<{ texts: string[] }>('SELECT $1::text[] AS texts', [textArray(texts)])
  return rows[0]!.texts
}

test.each([
  ['nothing at all', []],
  ['an empty text', ['']],
  ['what the text format has to escape', ['"', '\\', '{', '}', ',', 'NULL', ' ', '{"a":"\\"b\\""}']],
  ['characters of one to four bytes', ['a', 'ä', '€', '😀', 'ሰላም']],
])('%s arrives as it was sent', async (_what, texts) => {
  expect(await roundTrip(texts)).toEqual(texts)
})

test('whatever PostgreSQL can hold arrives as it was sent', async () => {
  const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed())
  await fc.assert(
    fc.asyncProperty(fc.array(text), async (texts) => {
      expect(await roundTrip(texts)).toEqual(texts)
    }),
  )
})

test('a NUL is refused by the database, as in any text', async () => {
  await expect(roundTrip(['a\0b'])).rejects.toMatchObject({ code: '22021' })
})
