import { expect, test } from '@jest/globals'
import { HOST_PATTERN, publicPort, publicUrl, scriptTag } from '../src/index.ts'

test('the tag names the script, the token and the balance, and its values are escaped', () => {
  const gateway = 'https://rt.example.com/'
  expect(scriptTag({ gateway, tokenUrl: '/t?a="b"&c' })).toBe(
    '<script src="https://rt.example.com/paxyo.js" data-token-url="/t?a=&quot;b&quot;&amp;c"></script>',
  )
  expect(scriptTag({ gateway, tokenUrl: '/token.php', balanceUrl: '/b"' })).toBe(
    '<script src="https://rt.example.com/paxyo.js" data-token-url="/token.php" data-balance-url="/b&quot;"></script>',
  )
})

test('a host has a name and may have a port', () => {
  const known = ['rt.example.com', 'localhost:8443', '127.0.0.1', 'xn--bcher-kva.example']
  expect(known.filter((host) => !HOST_PATTERN.test(host))).toEqual([])
  const others = [
    '',
    'rt example',
    'rt.example.com/',
    'https://rt.example.com',
    '-a.example',
    'a;b',
    'a.example:443443',
  ]
  expect(others.filter((host) => HOST_PATTERN.test(host))).toEqual([])
  expect([publicUrl({ host: 'a.example:443' }), publicUrl({ host: 'a.example:8443' })]).toEqual([
    'https://a.example',
    'https://a.example:8443',
  ])
  expect([publicPort({ host: 'a.example' }), publicPort({ host: 'a.example:8443' })]).toEqual([443, 8443])
})
