import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('../../src/data/', import.meta.url)

test('the data imports nothing but itself, not even types: no zod reaches a page by it', () => {
  const names = readdirSync(FOLDER)
  const source = names.map((name) => readFileSync(new URL(name, FOLDER), 'utf8')).join('\n')
  const imports = [...source.matchAll(/\b(?:from|import)\s*\(?\s*['"](.*?)['"]/g)].map(([, imported]) => imported)
  expect(imports.length).toBeGreaterThan(0)
  expect(names.map((name) => `./${name}`)).toEqual(expect.arrayContaining(imports))
})

test('the other door opens on everything that this one does', async () => {
  const [data, everything] = await Promise.all([import('@paxyo/contracts/data'), import('@paxyo/contracts')])
  expect(Object.keys(everything)).toEqual(expect.arrayContaining(Object.keys(data)))
})
