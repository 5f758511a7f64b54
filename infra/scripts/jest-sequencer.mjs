import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import Sequencer from '@jest/test-sequencer'

/** The durations of the slow files on two quiet cores, for machines that have not run them yet. */
export const SECONDS_BY_FILE = JSON.parse(readFileSync(new URL('jest-seconds.json', import.meta.url), 'utf8'))
const SECONDS_BY_KIND = { e2e: 8, integration: 3, unit: 1 }

/** Long files first, so that all workers end at about the same time. */
export default class LongestFirst extends Sequencer {
  time(test) {
    const { displayName, rootDir } = test.context.config
    const file = relative(rootDir, test.path).replaceAll('\\', '/')
    return super.time(test) ?? 1000 * (SECONDS_BY_FILE[file] ?? SECONDS_BY_KIND[displayName.name])
  }
}
