import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

/** The folder of what the test files of a run share, which the global setup makes. */
export const RUN_FOLDER_VARIABLE = 'PAXYO_TEST_RUN_FOLDER'
/** On a busy machine. */
const MAKING_MS_MAX = 200_000

/**
 * Makes a file or a folder once for all test files of a run.
 *
 * @param make writes it to a path.
 * @returns its path; undefined outside a run of the tests.
 */
export async function oncePerRun(name: string, make: (path: string) => Promise<void>): Promise<string | undefined> {
  const folder = process.env[RUN_FOLDER_VARIABLE]
  if (folder === undefined) return undefined
  const path = join(folder, name)
  if (existsSync(path)) return path
  const lock = `${path}.lock`
  try {
    mkdirSync(lock)
  } catch {
    // Another worker makes it.
    await eventually(() => !existsSync(lock), MAKING_MS_MAX)
    return oncePerRun(name, make)
  }
  try {
    if (!existsSync(path)) await makeAt(path, make)
  } finally {
    rmdirSync(lock)
  }
  return path
}

/** Copies a folder that is made once for all test files of a run; outside a run of the tests it is made there. */
export async function copyOncePerRun(
  name: string,
  make: (path: string) => Promise<void>,
  target: string,
): Promise<void> {
  const made = await oncePerRun(name, make)
  if (made === undefined) await make(target)
  else execFileSync('cp', ['-a', made, target])
}

async function makeAt(path: string, make: (path: string) => Promise<void>): Promise<void> {
  const unfinished = `${path}.new`
  rmSync(unfinished, { recursive: true, force: true })
  await make(unfinished)
  renameSync(unfinished, path)
}
