import { freePort } from './free-port.ts'
import { providePhp, type PhpExtension } from './php.ts'
import { startProgram } from './program.ts'

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
  const { output, [Symbol.asyncDispose]: end } = await startProgram(php, ['-S', `127.0.0.1:${port}`, '-t', folder], {
    env: { PATH: process.env['PATH'], ...env },
    isReady: (printed) => printed.includes('started'),
  })
  return { url: `http://127.0.0.1:${port}`, output, [Symbol.asyncDispose]: end }
}
