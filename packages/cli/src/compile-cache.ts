import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from './settings.ts'

/**
 * Keeps compiled modules in the user's cache folder, which halves the CPU time of a command. It must run before the modules
 * are imported. `NODE_COMPILE_CACHE` and `NODE_DISABLE_COMPILE_CACHE` take precedence. Where the folder cannot be written,
 * Node compiles every time.
 */
export function cacheCompiledModules(env: Environment): void {
  const folder = cacheFolder(env)
  if (folder !== undefined) enableCompileCache(join(folder, 'paxyo'))
}

/** Not the folder of temporary files, Node's default: another user could put code there. */
function cacheFolder({ XDG_CACHE_HOME: xdg, LOCALAPPDATA: local }: Environment): string | undefined {
  if (process.platform === 'win32' && local) return local
  if (xdg) return xdg
  try {
    return join(homedir(), '.cache')
  } catch {
    // A container's user may not exist in its system.
    return undefined
  }
}
