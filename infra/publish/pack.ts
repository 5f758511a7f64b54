// Builds and packs the published packages into dist/npm: `npm run pack`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { buildPackage, compileDeclarations, packPackage } from './build-package.ts'
import { PUBLISHED, ROOT } from './manifest.ts'

/** Where the sources are; the registry checks the provenance against it. */
const repositoryUrl = process.env['REPOSITORY_URL']

const archives = join(ROOT, 'dist/npm')
rmSync(archives, { recursive: true, force: true })
mkdirSync(archives, { recursive: true })
compileDeclarations()
const folder = mkdtempSync(join(tmpdir(), 'paxyo-pack-'))
for (const name of PUBLISHED) {
  await buildPackage(name, folder, repositoryUrl)
  console.log(relative(ROOT, packPackage(folder, archives)))
}
rmSync(folder, { recursive: true })
