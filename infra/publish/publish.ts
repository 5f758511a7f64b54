// Publishes the packages: `npm run publish-packages`. Without TAG, such as v0.2.0, it only shows what it would publish.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackage, compileDeclarations, packPackage } from './build-package.ts'
import { isPublished } from './is-published.ts'
import { PUBLISHED, readManifest } from './manifest.ts'
import { publishArguments } from './publish-arguments.ts'

const { TAG: tag = '', REPOSITORY_URL: repositoryUrl } = process.env

const plans = PUBLISHED.map((name) => ({ name, args: publishArguments(readManifest(name), tag) }))
compileDeclarations()
const folder = mkdtempSync(join(tmpdir(), 'paxyo-publish-'))
for (const { name, args } of plans) {
  if (tag !== '' && isPublished(readManifest(name))) {
    console.log(`${name} is published already`)
    continue
  }
  await buildPackage(name, join(folder, name), repositoryUrl)
  const archive = packPackage(join(folder, name), folder)
  execFileSync('npm', ['publish', archive, ...args], { stdio: 'inherit' })
}
rmSync(folder, { recursive: true })
