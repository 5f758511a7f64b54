import { expect, test } from '@jest/globals'
import { readToken } from '../src/token.ts'

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln'

test('a token comes as JSON or bare, with or without white space', () => {
  for (const body of [TOKEN, `\n${TOKEN}\n`, JSON.stringify({ token: TOKEN }), ` {"token": "${TOKEN}", "more": 1} `]) {
    expect(readToken(body)).toBe(TOKEN)
  }
})

test('a login page, an error message or an empty response is not a token', () => {
  const bodies = [
    '',
    '<!doctype html><title>Log in</title>',
    '{"error":"x"}',
    '{',
    '{"token":null}',
    'a.b',
    `${TOKEN}.x`,
  ]
  for (const body of [...bodies, `a.${'b'.repeat(9000)}.c`]) {
    expect(() => readToken(body)).toThrow('neither {"token":"…"} nor a token')
  }
})
