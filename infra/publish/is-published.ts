import { spawnSync } from 'node:child_process'

/**
 * Whether the registry has this version. npm rejects a second one, so without it a run that ended between two packages could not be
 * repeated, and only that workflow may publish them.
 */
export function isPublished({ name, version }: { readonly name: string; readonly version: string }): boolean {
  const { stdout } = spawnSync('npm', ['view', `${name}@${version}`, 'version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32', // npm is npm.cmd there, which only a shell starts
  })
  return stdout.trim() === version
}
