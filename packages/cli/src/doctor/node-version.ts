import { failed, ok, type Finding } from './finding.ts'

/** The oldest Node that runs our sources as they are and has what they use. */
const NODE_MAJOR_MIN = 24

export function nodeFinding(version: string): Finding {
  const isNewEnough = Number(version.split('.')[0]) >= NODE_MAJOR_MIN
  if (isNewEnough) return ok('node', `Node ${version}`)
  return failed('node', `Node ${version} is too old`, `Use Node ${NODE_MAJOR_MIN} or newer, or npm run paxyo.`)
}
