export { diagnoseClock, type ClockReading } from './clock.ts'
export { diagnoseDatabase, type DatabaseDiagnosis } from './diagnose-database.ts'
export { failed, ok, skipped, warning, type Diagnostic } from './diagnostic.ts'
export type { ReadSession } from './read-session.ts'
