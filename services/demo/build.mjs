// Bundles the demo's page into dist/files, with its HTML in each language, if it is missing or its sources have changed.
// npm's pre-scripts run this, on Node 18 and newer: it imports esbuild only if there is something to build.
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { targets } from '../../packages/paxyo-js/build.mjs'
import { buildFolder } from '../../packages/paxyo-js/built-folder.mjs'

const folder = dirname(fileURLToPath(import.meta.url))
const workspace = join(folder, '../..')
/** The files that are served. */
const builtFolder = join(folder, 'dist/files')
/** Files that are not a part of the bundle's graph. */
const OTHER_SOURCES = [
  'services/demo/build.mjs',
  'services/demo/page/index.html',
  'services/demo/page/icon.svg',
  'packages/paxyo-js/build.mjs',
  'packages/paxyo-js/built-folder.mjs',
  'packages/browser-client/package.json',
  'pnpm-lock.yaml',
]
const SKELETON_ROWS = 6
const COLUMNS = 'service status progress quantity startCount remains charge refunded updated'.split(' ')

/** Builds the page unless it is up to date. */
export async function buildDemo() {
  await buildFolder(builtFolder, bundleDemo)
}

/** The same sources give the same bytes: the version of esbuild is pinned. */
export async function bundleDemo() {
  const esbuild = await import('esbuild')
  const options = {
    absWorkingDir: workspace,
    bundle: true,
    format: 'esm',
    charset: 'utf8',
    legalComments: 'none',
    write: false,
    metafile: true,
    logLevel: 'warning',
  }
  const { outputFiles, metafile } = await esbuild.build({
    ...options,
    entryPoints: {
      panel: join(folder, 'page/panel.ts'),
      styles: join(folder, 'page/styles/styles.css'),
      theme: join(folder, 'page/theme.ts'),
    },
    outdir: builtFolder,
    splitting: true,
    minify: true,
    target: targets(),
    loader: { '.woff2': 'file' },
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
  })
  const files = outputFiles.map(({ path, contents }) => ({ name: relative(builtFolder, path), content: contents }))
  const languages = await readLanguages(esbuild, options)
  const pages = languages.map(({ language, direction, texts }) => ({
    name: `index-${language}.html`,
    content: renderIndex({ language, direction, texts, preloads: preloadsOf(language, metafile) }),
  }))
  const icon = { name: 'icon.svg', content: readFileSync(join(folder, 'page/icon.svg')) }
  return { files: [...files, ...pages, icon], sources: [...Object.keys(metafile.inputs), ...OTHER_SOURCES], metafile }
}

/** The languages of the page, each with the texts of its HTML. */
async function readLanguages(esbuild, options) {
  const { outputFiles } = await esbuild.build({ ...options, entryPoints: [join(folder, 'page/text/index.ts')] })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  const { readLanguages: read } = await import(`data:text/javascript;base64,${code}`)
  return read()
}

/** What the page needs at once and would only learn of from a file that names it. */
function preloadsOf(language, { outputs }) {
  const paths = Object.entries(outputs)
  const texts = paths.find(([, { entryPoint }]) => entryPoint?.endsWith(`/text/${language}.ts`))
  const chunks = outputs[paths.find(([, { entryPoint }]) => entryPoint?.endsWith('page/panel.ts'))[0]].imports
  const font = paths.find(([path]) => /latin-wght[^/]*\.woff2$/.test(path))
  const isStatic = ({ kind }) => kind === 'import-statement'
  const modules = [...chunks.filter(isStatic).map(({ path }) => path), ...(texts === undefined ? [] : [texts[0]])]
  const url = (path) => `/demo/files/${path.split('/').at(-1)}`
  return [
    ...modules.map((path) => `<link rel="modulepreload" href="${url(path)}" />`),
    `<link rel="preload" href="${url(font[0])}" as="font" type="font/woff2" crossorigin />`,
  ].join('')
}

/** The page in a language. Until the first snapshot it shows a skeleton, also before its script has been loaded. */
function renderIndex({ language, direction, texts, preloads }) {
  const values = { ...texts, language, direction }
  const cells = COLUMNS.map((name) => `<td class="${name}"><span></span></td>`).join('')
  const row = `<tr class="skeleton" aria-hidden="true">${cells}</tr>`
  return readFileSync(join(folder, 'page/index.html'), 'utf8')
    .replace('<!-- preloads -->', preloads)
    .replace('<!-- skeleton -->', row.repeat(SKELETON_ROWS))
    .replace(
      '<!-- refund skeleton -->',
      '<li class="skeleton" aria-hidden="true"><span></span></li>'.repeat(SKELETON_ROWS),
    )
    .replace(/\{\{(\w+)\}\}/g, (placeholder, name) => {
      if (values[name] === undefined) throw new Error(`index.html: no text for ${placeholder} in ${language}`)
      return values[name].replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
    })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildDemo()
