import { describe, expect, test } from '@jest/globals'
import { createOriginCheck, isSameOrigin } from '../../src/socket/origin.ts'

describe('with https://panel.example.com and http://localhost:3000/ allowed', () => {
  const isAllowed = createOriginCheck(['https://panel.example.com', 'http://localhost:3000/'])

  test.each([
    ['itself', 'https://panel.example.com'],
    ['itself in capitals', 'HTTPS://Panel.Example.com'],
    ['one that was configured with a slash', 'http://localhost:3000'],
    ['none, which no browser sends', undefined],
  ])('%s is allowed', (_name, origin) => {
    expect(isAllowed(origin)).toBe(true)
  })

  test.each([
    ['another host', 'https://evil.example'],
    ['another scheme', 'http://panel.example.com'],
    ['another port', 'https://panel.example.com:8443'],
    ['a subdomain', 'https://a.panel.example.com'],
    ['one that begins alike', 'https://panel.example.com.evil.example'],
    ['one that ends alike', 'https://evil-panel.example.com'],
    ['a sandboxed frame or a file', 'null'],
    ['an empty one', ''],
  ])('%s is not', (_name, origin) => {
    expect(isAllowed(origin)).toBe(false)
  })
})

test('* allows every page', () => {
  expect(createOriginCheck(['*'])('https://anything.example')).toBe(true)
})

test('with nothing configured no page may connect', () => {
  expect(createOriginCheck([])('https://panel.example.com')).toBe(false)
})

test.each([
  ['https://panel.example.com', 'panel.example.com', true],
  ['https://panel.example.com', 'PANEL.example.com', true],
  ['http://localhost:8080', 'localhost:8080', true],
  ['https://panel.example.com', 'panel.example.com:8443', false],
  ['https://evil.example', 'panel.example.com', false],
  ['null', 'panel.example.com', false],
  [undefined, 'panel.example.com', false],
])('%s at %s is the same origin: %s', (origin, host, isSame) => {
  expect(isSameOrigin(origin, host)).toBe(isSame)
})
