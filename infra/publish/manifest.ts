import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The packages that are published; their folders in `packages/`. */
export const PUBLISHED = ['browser-client', 'panel-client'] as const
export type PublishedName = (typeof PUBLISHED)[number]

/** The parts of a workspace manifest that are used. */
export interface SourceManifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly sideEffects: boolean
  readonly exports: string | Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>
  readonly engines: { readonly node: string }
}

export function readManifest(name: PublishedName): SourceManifest {
  return JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')) as SourceManifest
}

/** The entries of a package: `.`, `./react` and so on, with their source files and their names in `dist`. */
export function entriesOf({ exports }: SourceManifest): { path: string; source: string; file: string }[] {
  const sources = typeof exports === 'string' ? { '.': exports } : exports
  return Object.entries(sources).map(([path, source]) => ({
    path,
    source,
    file: path === '.' ? 'index' : path.slice('./'.length),
  }))
}

/** The dependencies of the published package: the workspace's packages are bundled. */
export function dependenciesOf({ dependencies = {} }: SourceManifest): Record<string, string> {
  const workspace = parse(readFileSync(join(ROOT, 'pnpm-workspace.yaml'), 'utf8')) as {
    catalog: Record<string, string>
  }
  const others = Object.keys(dependencies).filter((name) => dependencies[name] === 'catalog:')
  return Object.fromEntries(others.map((name) => [name, `^${workspace.catalog[name]!}`]))
}

/**
 * The manifest of the published package.
 *
 * @param repositoryUrl where the sources are, which the provenance is checked against; undefined outside of CI.
 */
export function toPublishedManifest(name: PublishedName, repositoryUrl: string | undefined): object {
  const source = readManifest(name)
  const { version, description, license, sideEffects, peerDependencies, peerDependenciesMeta, engines } = source
  const exports = entriesOf(source).map(({ path, file }) => [
    path,
    { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` },
  ])
  return {
    name: source.name,
    version,
    description,
    license,
    ...(repositoryUrl && { repository: { type: 'git', url: repositoryUrl, directory: `packages/${name}` } }),
    type: 'module',
    sideEffects,
    exports: { ...Object.fromEntries(exports), './package.json': './package.json' },
    files: ['dist'],
    engines,
    dependencies: dependenciesOf(source),
    peerDependencies,
    peerDependenciesMeta,
    publishConfig: { access: 'public' },
  }
}
