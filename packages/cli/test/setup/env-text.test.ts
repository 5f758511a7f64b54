import { describe, expect, test } from '@jest/globals'
import { parseEnv } from 'node:util'
import { Failure } from '../../src/failure.ts'
import { parseVariables, renderVariable } from '../../src/setup/env-text.ts'

/** How systemd 250 and newer reads the value of a line (parse_env_file_internal in src/basic/env-file.c). */
function systemdValue(line: string): string {
  const text = line.slice(line.indexOf('=') + 1)
  let [state, value, trailing] = ['before', '', 0]
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (state === 'single' || state === 'double') {
      if (char === (state === 'single' ? "'" : '"')) state = 'before'
      else if (state === 'double' && char === '\\') {
        const next = text[++at] ?? ''
        value += '"\\`$'.includes(next) ? next : `\\${next}`
      } else value += char
      trailing = value.length
      continue
    }
    if (state === 'before' && (char === "'" || char === '"')) {
      state = char === "'" ? 'single' : 'double'
      continue
    }
    if (state === 'before' && /\s/.test(char)) continue
    state = 'unquoted'
    value += char === '\\' ? (text[++at] ?? '') : char
    if (!/\s/.test(char)) trailing = value.length
  }
  return value.slice(0, trailing)
}

/** Every text of up to four of the characters that a reader treats in a special way. */
function* specialTexts(): Generator<string> {
  const chars = Array.from(`ab #'"\\\`$;=é`)
  let texts = ['']
  for (let length = 0; length <= 4; length++) {
    yield* texts
    texts = texts.flatMap((text) => chars.map((char) => text + char))
  }
}

test('systemd and Node read what was given, or it is rejected', () => {
  let rejected = 0
  const wrong: unknown[] = []
  for (const value of specialTexts()) {
    let line: string
    try {
      line = renderVariable('NAME', value)
    } catch {
      rejected += 1
      if (!/'.*["\\]|["\\].*'/.test(value)) wrong.push({ value })
      continue
    }
    const read = [systemdValue(line), parseEnv(line)['NAME'], parseVariables(line)['NAME']]
    if (read.some((one) => one !== value)) wrong.push({ value, line, read })
  }
  expect(wrong).toEqual([])
  expect(rejected).toBeGreaterThan(0)
})

test('plain values stay without quotes', () => {
  expect(renderVariable('ALLOWED_ORIGINS', 'https://a.example,https://b.example')).toBe(
    'ALLOWED_ORIGINS=https://a.example,https://b.example',
  )
  expect(renderVariable('JWT_SECRETS', 'a#b')).toBe("JWT_SECRETS='a#b'")
  expect(renderVariable('JWT_SECRETS', "it's#1")).toBe('JWT_SECRETS="it\'s#1"')
})

test.each(['a\nb', 'a\u0000b', 'a\u007fb', `'"#`, `'\\`])('%j is rejected', (value) => {
  expect(() => renderVariable('NAME', value)).toThrow(Failure)
})

describe('an existing file', () => {
  test.each([
    'A=a#b',
    'A=a # comment',
    'A=a\\b',
    'A="a\\nb"',
    'A=`a`',
    `A='a'b`,
    'A="a" # comment',
    'export A=a',
    'A="a',
  ])('%s is rejected, because systemd and Node differ', (line) => {
    expect(() => parseVariables(`B=1\n${line}\n`)).toThrow('systemd and Node read A')
  })

  test('comments, empty lines and empty values are read', () => {
    const text = `# A='a\n\n; B=1\r\nC=\nD = 'd#1'\r\nE="it's"\n`
    expect(parseVariables(text)).toEqual({ ...parseEnv(text), C: '', D: 'd#1', E: "it's" })
  })
})
