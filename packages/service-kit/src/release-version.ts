import { readFileSync } from 'node:fs'

const ROOT_PACKAGE = new URL('../../../package.json', import.meta.url)

/**
 * The version of all services, packages and images of a release.
 *
 * @example
 * readVersion().split('.').length //=> 3
 */
export function readVersion(): string {
  return (JSON.parse(readFileSync(ROOT_PACKAGE, 'utf8')) as { version: string }).version
}
