import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideProgram } from './debian-package.ts'

/** A virtual environment of Python in a temporary folder. */
export interface PythonVenv extends Disposable {
  /** The path of its interpreter. */
  readonly python: string
}

/**
 * Creates a virtual environment with packages of PyPI. Debian's python3 has no pip inside virtual environments, so that
 * of the system installs into it.
 *
 * @param requirements such as `standardwebhooks==1.1.0`
 * @throws Error that says what could not be installed, and why.
 */
export function createPythonVenv(...requirements: readonly string[]): PythonVenv {
  const pip = provideProgram(['pip3'], 'python3-pip')
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-python-'))
  const venv: PythonVenv = {
    python: join(folder, 'bin', 'python'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
  try {
    run(provideProgram(['python3'], 'python3'), ['-m', 'venv', '--without-pip', folder])
    // Python compiles what it imports; pip would compile everything.
    const options = ['--quiet', '--disable-pip-version-check', '--no-compile']
    run(pip, ['--python', venv.python, 'install', ...options, ...requirements])
    return venv
  } catch (error) {
    venv[Symbol.dispose]()
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
