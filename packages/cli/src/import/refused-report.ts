import { createWriteStream, type WriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { Failure } from '../failure.ts'
import type { RefusedRow } from './import-rows.ts'

export interface RefusedReport {
  add(refused: RefusedRow): Promise<void>
  /** @returns the path of the report; undefined when there was nothing to report. */
  end(): Promise<string | undefined>
}

/** Refused rows, one JSON object a line, in a file that is there only when there are any. Each run begins it anew. */
export async function openRefusedReport(path: string): Promise<RefusedReport> {
  await rm(path, { force: true })
  let file: WriteStream | undefined
  let problem: Error | undefined
  return {
    async add(refused) {
      // It holds customers' data.
      file ??= createWriteStream(path, { mode: 0o600 }).on('error', (error) => (problem = error))
      if (problem !== undefined) throw cannotWrite(path, problem)
      if (!file.write(`${JSON.stringify(refused)}\n`)) await once(file, 'drain')
    },
    async end() {
      if (file === undefined) return undefined
      file.end()
      await finished(file).catch((error: Error) => {
        throw cannotWrite(path, error)
      })
      return path
    },
  }
}

const cannotWrite = (path: string, error: Error): Failure =>
  new Failure('usage', `the report ${path} cannot be written: ${error.message}`, 'Name another file with --report.')
