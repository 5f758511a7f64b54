import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The folder of this version. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The folders of the versions that migrate the databases of a run of the tests, separated like those of PATH. */
export const MIGRATED_BY_VARIABLE = 'PAXYO_TEST_MIGRATED_BY'

const MIGRATIONS = 'packages/database/src/migrations/0*.ts'

const exec = promisify(execFile)

/** Another version of this repository, installed in a separate folder, which is removed when it is disposed. */
export interface Checkout extends AsyncDisposable {
  readonly folder: string
  readonly commit: string
}

/**
 * Checks out another version. Needs git and the repository's history.
 *
 * @param commit a commit or a tag; without it, the newest release before this version, and without one the commit before the
 * newest migration.
 */
export async function checkOut(commit?: string): Promise<Checkout> {
  const name = await git('rev-parse', '--short', commit ?? (await versionBefore()))
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-before-'))
  await git('worktree', 'add', '--detach', folder, name)
  const remove = async (): Promise<void> => {
    await git('worktree', 'remove', '--force', folder)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await exec(process.execPath, ['infra/scripts/install.mjs'], { cwd: folder })
  } catch (error) {
    await remove()
    throw error
  }
  return { folder, commit: name, [Symbol.asyncDispose]: remove }
}

/** Runs a version's `paxyo` on a database. */
export async function runPaxyo(
  folder: string,
  args: readonly string[],
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const main = join(folder, 'packages/cli/src/main.ts')
  const options = { cwd: folder, env: { ...process.env, ...env, DATABASE_URL: databaseUrl } }
  await exec(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], options)
}

async function versionBefore(): Promise<string> {
  const release = await git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*', 'HEAD^').catch(() => '')
  if (release !== '') return release
  return `${await git('log', '-1', '--diff-filter=A', '--format=%H', '--', MIGRATIONS)}^`
}

async function git(...args: string[]): Promise<string> {
  return (await exec('git', ['-C', ROOT, ...args])).stdout.trim()
}
