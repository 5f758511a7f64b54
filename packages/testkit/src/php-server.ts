import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { providePhp, type PhpExtension } from './php.ts'

/** PHP's own web server on a folder, as `php -S` starts it. */
export interface PhpServer extends AsyncDisposable {
  readonly url: string
  /** Everything that it has printed. */
  readonly output: () => string
}

export interface PhpServerOptions {
  readonly extensions?: readonly PhpExtension[]
  /** A free one by default. */
  readonly port?: number
}

/** @throws Error that names the package when PHP or an extension is missing and cannot be installed. */
export async function startPhpServer(
  folder: string,
  env: Readonly<Record<string, string>>,
  { extensions = ['curl'], port: givenPort }: PhpServerOptions = {},
): Promise<PhpServer> {
  const php = providePhp(...extensions)
  const port = givenPort ?? (await freePort())
  const child = spawn(php, ['-S', `127.0.0.1:${port}`, '-t', folder], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => (output += text))
  }
  const exited = once(child, 'exit')
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`php ended:\n${output}`)
    return output.includes('started')
  })
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
