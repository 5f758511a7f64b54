#!/usr/bin/env node
import { cacheCompiledModules } from './compile-cache.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { processTerminal } from './terminal.ts'

/** How long a command may take to clean up; a second signal ends it at once. */
const GRACE_MS = 3_000
const interrupted = new AbortController()
function interrupt(): void {
  interrupted.abort()
  setTimeout(() => process.exit(EXIT_CODES.interrupted.code), GRACE_MS).unref()
}
process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
// The reader of the output, such as `head`, may have read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

cacheCompiledModules(process.env)
const { runCommandLine } = await import('./run-command-line.ts')
process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal(process, interrupted.signal))
