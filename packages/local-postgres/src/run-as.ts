import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** An ordinary user of this machine. */
export interface OsUser {
  readonly uid: number
  readonly gid: number
}

/** Operating system users, in order of preference. */
const UNPRIVILEGED_USERS = ['postgres', 'nobody']

/**
 * PostgreSQL does not run as root. Returns the user to run it as when this process is root: the first of
 * {@link UNPRIVILEGED_USERS} that exists.
 *
 * @returns undefined when this process is not root.
 * @example
 * (await unprivilegedUser())?.uid === 0 //=> false
 */
export async function unprivilegedUser(): Promise<OsUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const passwd = await readFile('/etc/passwd', 'utf8')
  for (const name of UNPRIVILEGED_USERS) {
    const entry = passwd
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':')
    if (entry !== undefined) return { uid: Number(entry[2]), gid: Number(entry[3]) }
  }
  throw new Error(
    `running as root, and there is none of the users ${UNPRIVILEGED_USERS.join(', ')} to run PostgreSQL as`,
  )
}

/**
 * Runs a program to its end, as the given user, on the files in a folder.
 *
 * Where that user cannot enter the parent folders (such as a clone under /root), the program keeps the one capability
 * that allows it; this requires util-linux's setpriv, which Debian always has.
 *
 * @throws Error with the program's output when it fails.
 */
export async function runAs(
  user: OsUser | undefined,
  program: string,
  args: readonly string[],
  folder: string,
): Promise<void> {
  const [file, argv, ids] =
    user === undefined || ((await isReachable(program)) && (await isReachable(folder)))
      ? [program, args, user ?? {}]
      : ['setpriv', [...keepAccess(user), program, ...args], {}]
  try {
    await exec(file, argv, { ...ids, windowsHide: true, env: { ...process.env, LC_MESSAGES: 'C' } })
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string }
    throw new Error(`${program} failed: ${[stderr, stdout, message].find((text) => text?.trim())?.trim()}`, {
      cause: error,
    })
  }
}

const keepAccess = ({ uid, gid }: OsUser): string[] => [
  // Without this bit access(2), with which PostgreSQL looks for its programs, ignores capabilities.
  '--securebits=+no_setuid_fixup',
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--inh-caps=-all,+dac_override',
  '--ambient-caps=-all,+dac_override',
  '--',
]

/** Whether every user can enter all folders above a path. */
async function isReachable(path: string): Promise<boolean> {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const { mode } = await stat(folder)
    if ((mode & 0o001) === 0) return false
  }
  return true
}
