import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A small file system in memory, at a folder. */
export interface SmallDisk extends Disposable {
  readonly folder: string
  /** Leaves a share of it. @throws when it could not be mounted. */
  fill(leftShare: number): void
  /** Deletes what it was filled with. */
  clear(): void
  /** Makes it four times as large. */
  grow(): void
}

const SIZE_MB = 16

/** @param folder does not exist. Where nothing can be mounted it is on the disk of its parent, and cannot be filled. */
export function createSmallDisk(folder: string): SmallDisk {
  mkdirSync(folder)
  const filling = join(folder, 'filling')
  const problem = runAsRoot('mount', '-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=777`, 'paxyo-game-day', folder)
  return {
    folder,
    fill(leftShare) {
      if (problem !== undefined) throw new Error(problem)
      const { bsize, bavail } = statfsSync(folder)
      writeFileSync(filling, Buffer.alloc(Math.floor(bavail * (1 - leftShare)) * bsize))
    },
    clear: () => rmSync(filling, { force: true }),
    grow() {
      const failure = runAsRoot('mount', '-o', `remount,size=${4 * SIZE_MB}m`, folder)
      if (failure !== undefined) throw new Error(failure)
    },
    [Symbol.dispose]() {
      if (problem === undefined) runAsRoot('umount', folder)
    },
  }
}

/**
 * As this process, or by a `sudo` that asks for no password.
 *
 * @returns the problem; undefined when it has succeeded.
 */
function runAsRoot(...command: readonly string[]): string | undefined {
  const [program, ...args] = process.getuid?.() === 0 ? command : ['sudo', '--non-interactive', ...command]
  const { error, status, stderr } = spawnSync(program!, args, { encoding: 'utf8' })
  return status === 0 ? undefined : `${command.join(' ')}: ${error?.message ?? stderr}`
}
