import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideProgram } from './debian-package.ts'
import { providePhp, type PhpExtension } from './php.ts'
import { startProgram } from './program.ts'

/** Apache with PHP as a module, on a port of this machine, with its own configuration. */
export interface Apache extends AsyncDisposable {
  /** Everything that it and PHP have logged. */
  readonly log: () => string
}

const MODULES = '/usr/lib/apache2/modules'

/**
 * @param folder what it serves; every user must be able to read it, because Apache does not serve pages as root.
 * @param env what PHP's `getenv` returns, as `SetEnv` lines.
 * @throws Error that names the packages when Apache is missing and cannot be installed.
 */
export async function startApache(
  folder: string,
  port: number,
  env: Readonly<Record<string, string>>,
  extensions: readonly PhpExtension[],
): Promise<Apache> {
  const apache = provideProgram(['apache2'], 'apache2', 'libapache2-mod-php')
  providePhp(...extensions)
  const [phpModule] = globSync(`${MODULES}/libphp*.so`)
  if (phpModule === undefined) throw new Error('The tests need libapache2-mod-php. Install it, then run them again.')
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-apache-'))
  chmodSync(dir, 0o755)
  const config = join(dir, 'apache.conf')
  writeFileSync(config, toConfig({ dir, folder, port, env, phpModule }))
  const errorLog = join(dir, 'error.log')
  const readErrors = (): string => (existsSync(errorLog) ? readFileSync(errorLog, 'utf8') : '')
  const running = await startProgram(apache, ['-f', config, '-DFOREGROUND'], {
    // Apache ends its whole process group, which therefore must not be ours.
    detached: true,
    // Its worker processes end with it on SIGTERM, which Apache takes as "at once".
    signal: 'SIGTERM',
    isReady: () => readErrors().includes('resuming normal operations'),
  })
  return {
    log: () => `${running.output()}${readErrors()}`,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

interface Site {
  readonly dir: string
  readonly folder: string
  readonly port: number
  readonly env: Readonly<Record<string, string>>
  readonly phpModule: string
}

function toConfig({ dir, folder, port, env, phpModule }: Site): string {
  const modules = ['mpm_prefork', 'authz_core', 'env'].map(
    (name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`,
  )
  const isRoot = process.getuid?.() === 0
  return [
    `ServerRoot ${dir}`,
    'ServerName localhost',
    `Listen 127.0.0.1:${port}`,
    `PidFile ${dir}/apache.pid`,
    `ErrorLog ${dir}/error.log`,
    `Mutex file:${dir} default`,
    ...modules,
    `LoadModule php_module ${phpModule}`,
    ...(isRoot ? ['User www-data', 'Group www-data'] : []),
    'StartServers 2',
    'MaxRequestWorkers 8',
    `DocumentRoot "${folder}"`,
    `<Directory "${folder}">`,
    '  Require all granted',
    '</Directory>',
    '<FilesMatch "\\.php$">',
    '  SetHandler application/x-httpd-php',
    '</FilesMatch>',
    ...Object.entries(env).map(([name, value]) => `SetEnv ${name} "${value}"`),
    '',
  ].join('\n')
}
