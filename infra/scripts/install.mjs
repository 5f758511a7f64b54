// Installs the workspace when it is missing or older than its lockfile, then builds paxyo.js and the pages of the console,
// the demo and the API reference when their sources have changed.
// Runs on Node 18 and newer, before any dependency is installed: only Node's own modules may be imported at the top.
import { spawnSync } from 'node:child_process'
import { readFileSync, existsSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const pnpm = 'pnpm@12.21.0'

const root = fileURLToPath(new URL('../..', import.meta.url))
const stampFile = join(root, 'node_modules', '.installed-lockfile')
const lockfile = createHash('sha256')
  .update(readFileSync(join(root, 'pnpm-lock.yaml')))
  .update(readFileSync(join(root, 'pnpm-workspace.yaml')))
  .digest('hex')

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== lockfile) {
  console.log(`Installing dependencies with ${pnpm} (first run, or the lockfile changed) …`)
  const install = spawnSync('npx', ['--yes', pnpm, 'install', '--frozen-lockfile', '--reporter=append-only'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32', // npx is npx.cmd there, which only a shell starts
  })
  if (install.error) throw install.error
  if (install.status !== 0) {
    console.error('\nThe installation failed; see the error above. After a network error, run the same command again.')
    process.exit(install.status ?? 1)
  }
  writeFileSync(stampFile, lockfile)
}

const { buildScript } = await import('../../packages/paxyo-js/build.mjs')
await buildScript()
const { buildConsole } = await import('../../packages/console/build.mjs')
await buildConsole()
const { buildApiReference } = await import('../../packages/api-reference/build.mjs')
await buildApiReference()
const { buildDemo } = await import('../../services/demo/build.mjs')
await buildDemo()
