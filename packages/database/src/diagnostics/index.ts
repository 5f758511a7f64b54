export { diagnoseClock, type ClockReading } from './clock.ts'
export { diagnoseDatabase, type DatabaseDiagnosis } from './diagnose-database.ts'
export {
  failed,
  fromSentences,
  ok,
  skipped,
  warning,
  type Diagnostic,
  type Sentence,
} from './diagnostic.ts'
export type { ReadSession } from './read-session.ts'
export { DATABASE_CHECKS, DATABASE_SENTENCES } from './sentences.ts'
