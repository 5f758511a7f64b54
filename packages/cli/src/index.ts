export { EXIT_CODES, type ExitReason } from './exit-codes.ts'
