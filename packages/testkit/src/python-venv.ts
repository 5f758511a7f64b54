import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { provideProgram } from './debian-package.ts'
import { keptFolder } from './kept-folder.ts'

/**
 * Provides a Python with packages of PyPI: a virtual environment that the next runs find. Debian's python3 has no pip inside
 * virtual environments, so that of the system installs into it.
 *
 * @param requirements such as `standardwebhooks==1.1.0`
 * @returns the path of its interpreter. Run its scripts with it: the folder that they name is not theirs.
 * @throws Error that says what could not be installed, and why.
 */
export function providePython(...requirements: readonly string[]): string {
  const python = realpathSync(provideProgram(['python3'], 'python3'))
  const hash = createHash('sha256')
    .update([python, ...requirements].join('\n'))
    .digest('hex')
    .slice(0, 12)
  const folder = keptFolder(`python-${hash}`, (made) => install(python, requirements, made))
  return join(folder, 'bin', 'python')
}

function install(python: string, requirements: readonly string[], folder: string): void {
  const pip = provideProgram(['pip3'], 'python3-pip')
  try {
    run(python, ['-m', 'venv', '--without-pip', folder])
    // Python compiles what it imports; pip would compile everything.
    const options = ['--quiet', '--disable-pip-version-check', '--no-compile']
    run(pip, ['--python', join(folder, 'bin', 'python'), 'install', ...options, ...requirements])
  } catch (error) {
    const names = requirements.join(', ')
    throw new Error(`The tests need ${names} from PyPI, which could not be installed: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function run(program: string, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${status}:\n${stderr}`)
}
