export { EXIT_CODES, type ExitReason } from './exit-codes.ts'
export { runCommandLine } from './run-command-line.ts'
export { processTerminal, type Terminal } from './terminal.ts'
