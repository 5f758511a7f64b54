export { PROVIDER } from './provider.ts'
export { parseUpdates, type ParsedUpdate, type ParseResult } from './parse-updates.ts'
