import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'

/** A file for the browser. */
export interface PageFile {
  readonly path: string
  readonly type: string
  readonly content: string | Buffer
}

const PAGE = new URL('../../page/', import.meta.url)
/** Entry points of packages whose sources run in the browser, too; they import only types of other packages. */
const PACKAGES = ['@paxyo/browser-client', '@paxyo/contracts/data'] as const
const ENTRIES = ['/demo/page/theme.ts', '/demo/page/panel.ts']
const FONT = '@fontsource-variable/hanken-grotesk'
const FONT_SUBSETS = ['latin', 'latin-ext']

/** The stylesheets in the order in which they build on each other. */
const STYLES = ['tokens', 'base', 'masthead', 'simulator', 'trace', 'orders', 'aside', 'notifications', 'phone']

const packagePath = (name: string): string => `/demo/packages/${name.split('/').slice(1).join('/')}/`

let pageFiles: readonly PageFile[] | undefined

/** All files of the page, except index.html; read once, because stripping their types takes half a second. */
export function readPageFiles(): readonly PageFile[] {
  pageFiles ??= [
    ...withImports(ENTRIES, [
      ...readModules(PAGE, '/demo/page/'),
      ...PACKAGES.flatMap((name) => readModules(new URL('.', import.meta.resolve(name)), packagePath(name))),
    ]),
    ...STYLES.map((name) => styleFile(name)),
    { path: '/demo/page/icon.svg', type: 'image/svg+xml', content: readText(new URL('icon.svg', PAGE)) },
    ...FONT_SUBSETS.map((subset) => fontFile(`hanken-grotesk-${subset}-wght-normal.woff2`)),
  ]
  return pageFiles
}

/** The page, with links to its files. It preloads all modules, so that none waits for the module that imports it. */
export function readIndex(files: readonly PageFile[]): string {
  const link = (rel: string, { path }: PageFile): string => `<link rel="${rel}" href="${path}" />`
  const styles = files.filter(({ type }) => type === 'text/css').map((file) => link('stylesheet', file))
  const modules = files
    .filter(({ path, type }) => type === 'text/javascript' && path !== '/demo/page/theme.ts')
    .map((file) => link('modulepreload', file))
  return readText(new URL('index.html', PAGE))
    .replace('<!-- styles -->', styles.join(''))
    .replace('<!-- modules -->', modules.join(''))
}

/** TypeScript with its types stripped; package names in imports are replaced by the paths that serve them. */
function readModules(folder: URL, basePath: string): PageFile[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => String(name).replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const content = PACKAGES.reduce(
        (code, imported) => code.replaceAll(`from '${imported}'`, `from '${packagePath(imported)}index.ts'`),
        stripTypeScriptTypes(readText(new URL(name, folder))),
      )
      return { path: `${basePath}${name}`, type: 'text/javascript', content }
    })
}

/** The modules that the page loads: packages have others, such as those for frameworks. */
function withImports(entries: readonly string[], modules: readonly PageFile[]): PageFile[] {
  const byPath = new Map(modules.map((file) => [file.path, file]))
  const paths = new Set(entries)
  // A path that is added on the way is visited, too.
  for (const path of paths) {
    const content = String(byPath.get(path)?.content)
    for (const [, imported] of content.matchAll(/\bfrom '([^'\n]{1,200})'/g)) {
      paths.add(new URL(imported!, `http://page.invalid${path}`).pathname)
    }
  }
  return modules.filter(({ path }) => paths.has(path))
}

function styleFile(name: string): PageFile {
  const content = readText(new URL(`styles/${name}.css`, PAGE))
  return { path: `/demo/page/styles/${name}.css`, type: 'text/css', content }
}

function fontFile(name: string): PageFile {
  const content = readFileSync(new URL(import.meta.resolve(`${FONT}/files/${name}`)))
  return { path: `/demo/fonts/${name}`, type: 'font/woff2', content }
}

const readText = (url: URL): string => readFileSync(url, 'utf8')
