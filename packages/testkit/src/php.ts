import { spawnSync } from 'node:child_process'
import { installDebianPackages, provideProgram } from './debian-package.ts'

/** Extensions of PHP, and the packages of Debian that have them. */
const PACKAGES = {
  curl: 'php-curl',
  pdo_mysql: 'php-mysql',
  pdo_pgsql: 'php-pgsql',
  pdo_sqlite: 'php-sqlite3',
} as const

export type PhpExtension = keyof typeof PACKAGES

/**
 * The path of PHP, with extensions.
 *
 * @throws Error that names the packages when it is missing, or an extension is, and cannot be installed.
 */
export function providePhp(...extensions: readonly PhpExtension[]): string {
  const php = provideProgram(['php'], 'php-cli', ...extensions.map((extension) => PACKAGES[extension]))
  const missing = (): string[] => {
    const { stdout } = spawnSync(php, ['-m'], { encoding: 'utf8' })
    const loaded = new Set(stdout.toLowerCase().split('\n'))
    return extensions.filter((extension) => !loaded.has(extension)).map((extension) => PACKAGES[extension])
  }
  if (missing().length > 0) installDebianPackages(...missing())
  if (missing().length === 0) return php
  const packages = missing().join(' ')
  throw new Error(
    `The tests need more of PHP. Install it (on Debian: apt-get install ${packages}), then run them again.`,
  )
}
