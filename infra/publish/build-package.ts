/**
 * Builds a package for the npm registry: modules for browsers and Node, their source maps, and type declarations.
 *
 * esbuild bundles it, as it does `paxyo.js`; the compiler writes the declarations. What the sources import of the workspace is
 * bundled, so the package depends only on packages of others. The sources cannot be published as they are: Node does not
 * run TypeScript below node_modules.
 */
import { build } from 'esbuild'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeDeclarations } from './declarations.ts'
import {
  dependenciesOf,
  entriesOf,
  PUBLISHED,
  readManifest,
  ROOT,
  toPublishedManifest,
  type PublishedName,
} from './manifest.ts'

/** The newest syntax that all browsers of `browserslist` have, and Node 20. */
const TARGET = 'es2022'

/** Compiles the declarations of the published packages, and of those that they use. */
export function compileDeclarations(): void {
  const projects = PUBLISHED.map((name) => `packages/${name}`)
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/lib/tsc.js'), '-b', ...projects], {
    cwd: ROOT,
    stdio: 'inherit',
  })
}

/**
 * Writes the package into a folder, which it empties before. The declarations must be compiled.
 *
 * @param repositoryUrl for the manifest; see `toPublishedManifest`.
 */
export async function buildPackage(name: PublishedName, folder: string, repositoryUrl?: string): Promise<void> {
  const source = join(ROOT, 'packages', name)
  const manifest = readManifest(name)
  const entries = entriesOf(manifest)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: entries.map((entry) => ({ in: join(source, entry.source), out: entry.file })),
    absWorkingDir: ROOT,
    outdir: join(folder, 'dist'),
    bundle: true,
    // The entries share their code: a page that uses two of them has it once.
    splitting: true,
    chunkNames: 'shared-[hash]',
    format: 'esm',
    platform: name === 'panel-client' ? 'node' : 'neutral',
    target: TARGET,
    external: Object.keys({ ...dependenciesOf(manifest), ...manifest.peerDependencies }),
    sourcemap: true,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  })
  writeDeclarations({
    folder: `packages/${name}`,
    entries,
    outDir: join(folder, 'dist'),
    isPrinted: name === 'browser-client',
  })
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify(toPublishedManifest(name, repositoryUrl), undefined, 2)}\n`,
  )
  copyFileSync(join(source, 'README.md'), join(folder, 'README.md'))
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
}

/** Packs a built package. @returns the path of its archive. */
export function packPackage(folder: string, archives: string): string {
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', archives], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32', // npm is npm.cmd there, which only a shell starts
  })
  const [{ filename }] = JSON.parse(output) as [{ filename: string }]
  return join(archives, filename)
}
