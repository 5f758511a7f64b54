import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A package manager, with an exact version. */
export interface Manager {
  readonly name: string
  install(folder: string): Promise<void>
}

const RUN_LIMITS = { maxBuffer: 64 * 1024 * 1024, timeout: 600_000 }

async function runIn(folder: string, command: string, args: readonly string[], env: object = {}): Promise<string> {
  try {
    return (await run(command, args, { cwd: folder, env: { ...process.env, ...env }, ...RUN_LIMITS })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error })
  }
}

export const MANAGERS: readonly Manager[] = [
  {
    name: 'npm',
    install: async (folder) => void (await runIn(folder, 'npm', ['install', '--no-audit', '--no-fund'])),
  },
  {
    name: 'pnpm',
    async install(folder) {
      // Not a part of another workspace; esbuild's and sharp's install scripts are not needed.
      writeFileSync(join(folder, 'pnpm-workspace.yaml'), 'packages: []\nstrictDepBuilds: false\n')
      await runIn(folder, 'npx', ['--yes', 'pnpm@12.21.0', 'install', '--no-frozen-lockfile'])
    },
  },
  {
    name: 'yarn',
    async install(folder) {
      writeFileSync(join(folder, '.yarnrc.yml'), 'nodeLinker: node-modules\nenableTelemetry: false\n')
      // A lockfile of its own makes it the root of a project.
      writeFileSync(join(folder, 'yarn.lock'), '')
      // Yarn does not read the configuration of npm.
      const registry = (await runIn(folder, 'npm', ['config', 'get', 'registry'])).trim()
      await runIn(folder, 'npx', ['--yes', '@yarnpkg/cli-dist@4.18.1', 'install', '--no-immutable'], {
        YARN_NPM_REGISTRY_SERVER: registry,
        YARN_UNSAFE_HTTP_WHITELIST: new URL(registry).hostname,
      })
    },
  },
]

export { runIn }
