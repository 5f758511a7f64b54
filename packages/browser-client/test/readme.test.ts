import { expect, test } from '@jest/globals'
import { CLOSE_CODES, isReconnectable } from '@paxyo/contracts'
import { readdirSync, readFileSync } from 'node:fs'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const README = read('../README.md')
const rows = [
  ...README.split('## Errors')[1]!
    .split('\n## ')[0]!
    .matchAll(/^\| (`.*?) \| (.*?) \|/gm),
]
const finalByCode = new Map(
  rows.toReversed().flatMap(([, codes, final]) => [...codes!.matchAll(/\w+/g)].map(([code]) => [code, final] as const)),
)

test("the README lists the server's close codes, and whether they are final", () => {
  for (const [name, { code }] of Object.entries(CLOSE_CODES)) {
    const expected = name === 'token_expired' ? 'without `getToken`' : isReconnectable(code) ? 'no' : 'yes'
    expect([name, finalByCode.get(name)]).toEqual([name, expected])
  }
})

test("the README lists the client's own codes, and no others", () => {
  const names = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  const sources = names.filter((name) => name.endsWith('.ts')).map((name) => read(`../src/${name}`))
  const own = sources.flatMap((source) =>
    [...source.matchAll(/(?:ClientError|retryBecause|fail)\('(\w+)'|\|\| '(\w+)'/g)].map(
      (match) => match[1] ?? match[2]!,
    ),
  )
  // The server says why it rejects a connection: see why.ts.
  const said = ['origin_not_allowed']
  expect(new Set(finalByCode.keys())).toEqual(new Set([...own, ...said, ...Object.keys(CLOSE_CODES)]))
})
