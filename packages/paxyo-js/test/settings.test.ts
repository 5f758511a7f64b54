import { expect, test } from '@jest/globals'
import { readSettings } from '../src/settings.ts'

const SRC = 'https://rt.example.com/paxyo.js'
const PAGE = { url: 'https://panel.example.com/orders/list.php', languages: ['', 'en-GB', 'de'] }
const read = (data: Record<string, string>, page = PAGE) => readSettings({ src: SRC, data }, page)

test('one attribute is enough', () => {
  const { settings, problems } = read({ tokenUrl: 'token.php' })
  expect(problems).toEqual([])
  expect(settings).toMatchObject({
    url: 'wss://rt.example.com/ws',
    token: { url: 'https://panel.example.com/orders/token.php', method: 'GET' },
    position: undefined,
    hasToasts: true,
    language: 'en-GB',
    messages: { completed: 'Completed' },
  })
})

test.each([
  ['wss://other.example.com/socket', 'wss://other.example.com/socket'],
  ['https://other.example.com', 'wss://other.example.com/ws'],
  ['http://localhost:8082/', 'ws://localhost:8082/ws'],
  ['/realtime', 'wss://panel.example.com/realtime'],
])('data-url %s leads to %s', (given, url) => {
  expect(read({ tokenUrl: '/t', url: given }).settings?.url).toBe(url)
})

test('a position is the place where the page was rendered', () => {
  expect(read({ tokenUrl: '/t', position: 'e1:42' }).settings?.position).toEqual({ epoch: 'e1', seq: 42 })
  expect(read({ tokenUrl: '/t', position: '' })).toMatchObject({ settings: { position: undefined }, problems: [] })
  for (const position of ['42', 'e1:-1', 'e1:x', 'e 1:2', `e1:${'9'.repeat(17)}`]) {
    const { settings, problems } = read({ tokenUrl: '/t', position })
    expect([settings?.position, problems]).toEqual([undefined, [expect.stringContaining('data-position')]])
  }
})

test('the language is the tag’s, else the page’s, else the browser’s, as long as it is one', () => {
  const languageOf = (lang: string, languages: string[]) =>
    read({ tokenUrl: '/t', lang }, { ...PAGE, languages }).settings?.language
  expect(languageOf('tr', ['de'])).toBe('tr')
  expect(languageOf('', ['de'])).toBe('de')
  expect(languageOf('', ['nonsense_tag', 'fr-CA'])).toBe('fr-CA')
  expect(languageOf('!', [])).toBe('en')
})

test('words of the page’s own go before ours', () => {
  const { settings, problems } = read({ tokenUrl: '/t', lang: 'de', words: '{"completed":"Geliefert"}' })
  expect(problems).toEqual([])
  expect(settings?.messages).toMatchObject({ completed: 'Geliefert', canceled: 'Storniert' })
})

test('everything that is wrong is said at once', () => {
  const { settings, problems } = read({
    url: 'ftp://x',
    tokenMethod: 'put',
    toasts: 'no',
    position: 'x',
    lang: '!',
    words: '{"complete":"x"}',
    tokn: '1',
  })
  expect(settings).toBeUndefined()
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
    'data-tokn',
    'data-token-url',
    'data-url',
    'data-token-method',
    'data-toasts',
    'data-position',
    'data-lang',
    'data-words:',
  ])
  for (const words of ['{', '[1]', 'null', '{"completed":1}']) {
    expect(read({ tokenUrl: '/t', words }).problems).toEqual([expect.stringContaining('data-words')])
  }
})
