import { failed, ok, type Diagnostic } from '@paxyo/database/diagnostic'

/** The oldest Node that runs the TypeScript sources directly. */
const NODE_MAJOR_MIN = 24

export function diagnoseNode(version: string): Diagnostic {
  const isNewEnough = Number(version.split('.')[0]) >= NODE_MAJOR_MIN
  if (isNewEnough) return ok('node', `Node ${version}`)
  return failed('node', `Node ${version} is too old`, `Use Node ${NODE_MAJOR_MIN} or newer, or npm run paxyo.`)
}
