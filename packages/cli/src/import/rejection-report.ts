import { createWriteStream, type WriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { Failure } from '../failure.ts'
import type { RejectedRow } from './import-rows.ts'

export interface RejectionReport {
  add(row: RejectedRow): Promise<void>
  /** @returns the path of the report; undefined when no row was rejected. */
  end(): Promise<string | undefined>
}

/** A file of rejected rows, one JSON object per line. Each run replaces it, and creates it only when a row is rejected. */
export async function openRejectionReport(path: string): Promise<RejectionReport> {
  await rm(path, { force: true })
  let file: WriteStream | undefined
  let problem: Error | undefined
  return {
    async add(row) {
      // It contains customers' data.
      file ??= createWriteStream(path, { mode: 0o600 }).on('error', (error) => (problem = error))
      if (problem !== undefined) throw cannotWrite(path, problem)
      if (!file.write(`${JSON.stringify(row)}\n`)) await once(file, 'drain')
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
