import { expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

// The compiler checks the language's own objects (`lib` in tsconfig.json); this checks everything that browsers add to
// them, also in the bundles of packages that this one uses.

/** What the code uses only where it exists. */
const GUARDED = new Set([
  // An error without it has the same code and message.
  'cause',
  // Without sharing, each tab has its own connection.
  'BroadcastChannel',
  // Only some browsers report a change of the network.
  'connection',
  'locks',
  'LockManager',
  // Another id is good enough.
  'randomUUID',
  // Toasts have a <style> instead.
  'adoptedStyleSheets',
  'replaceSync',
])

/** Names of the client's members that are also names of newer ones: each was checked. */
const OWN = new Set([
  'transport',
  'messages',
  'token',
  'to',
  'share',
  'format',
  'percent',
  'element',
  'show',
  'region',
  'service',
  'details',
  'subscribe',
  'getState',
])

interface Feature {
  readonly __compat?: { readonly support: Readonly<Record<string, Support | readonly Support[]>> }
  readonly [member: string]: unknown
}
interface Support {
  readonly version_added: string | boolean | null
  readonly flags?: unknown
  readonly prefix?: string
  readonly alternative_name?: string
}

const COMPAT_NAMES: Readonly<Record<string, string>> = { ios_saf: 'safari_ios', samsung: 'samsunginternet_android' }
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  browserslist: readonly string[]
  exports: Readonly<Record<string, string>>
}
const oldest = manifest.browserslist.map((line) => {
  const [, browser, version] = /^(\w+) >= ([\d.]+)$/.exec(line)!
  return { browser: COMPAT_NAMES[browser!] ?? browser!, version: Number(version) }
})

const compat = createRequire(import.meta.url)('@mdn/browser-compat-data') as {
  readonly api: Feature
  readonly javascript: { readonly builtins: Feature }
}

function isSupported({ ['__compat']: compatibility }: Feature): boolean {
  return oldest.every(({ browser, version }) =>
    [compatibility?.support[browser] ?? []].flat().some((support) => {
      const { version_added: added, flags, prefix, alternative_name: other } = support
      return typeof added === 'string' && !flags && !prefix && !other && parseFloat(added.replace('≤', '')) <= version
    }),
  )
}

/** Whether each name of a browser's object or member is supported, in at least one of its meanings. */
function readNames(): Map<string, boolean> {
  const names = new Map<string, boolean>()
  for (const group of [compat.api, compat.javascript.builtins]) {
    for (const [name, feature] of Object.entries(group) as [string, Feature][]) {
      note(name, feature)
      for (const [member, inner] of Object.entries(feature)) {
        if (member !== '__compat') note(member.replace(/_static$|_event$/, ''), inner as Feature)
      }
    }
  }
  return names
  function note(name: string, feature: Feature): void {
    if (feature['__compat'] !== undefined) names.set(name, names.get(name) === true || isSupported(feature))
  }
}

async function tokensOf(entry: string): Promise<Set<string>> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    minifySyntax: true,
    minifyWhitespace: true,
    format: 'esm',
    external: ['react', 'vue'],
    loader: { '.css': 'text' },
    write: false,
  })
  const code = outputFiles[0]!.text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
  // Members that are read or called, and classes that are constructed.
  return new Set([...code.matchAll(/(?:\.|\bnew |\btypeof )([A-Za-z]\w*)/g)].map(([, name]) => name!))
}

test('the oldest supported browsers have everything that is used, or it is guarded', async () => {
  const names = readNames()
  expect(names.get('toReversed')).toBe(false)
  expect(names.get('addEventListener')).toBe(true)
  const doors = Object.entries(manifest.exports).filter(([path]) => path !== './test')
  for (const entry of [...doors.map(([, source]) => `.${source}`), '../../paxyo-js/src/main.ts']) {
    const tokens = await tokensOf(entry)
    expect(tokens.size).toBeGreaterThan(20)
    const missing = [...tokens].filter((name) => names.get(name) === false && !GUARDED.has(name) && !OWN.has(name))
    expect(missing).toEqual([])
  }
})

test('the README lists the supported browsers', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect(readme).toContain('Chrome, Edge and Firefox 90, Safari and iOS 15, Opera 76, Samsung Internet 15')
})
