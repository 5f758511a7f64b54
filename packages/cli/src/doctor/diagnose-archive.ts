import { failed, ok, type Diagnostic } from '@paxyo/database/diagnostic'
import { ConfigError } from '@paxyo/service-kit/config'
import { ARCHIVE_VARIABLES, archiveProblems, type ArchiveConfig } from '../archive-config.ts'
import { Failure } from '../failure.ts'
import { settings, type Environment } from '../settings.ts'

/** Whether the archive of these variables can be read; nothing when there is none. `maintain` checks that it can write. */
export async function diagnoseArchive(env: Environment): Promise<readonly Diagnostic[]> {
  let config: ArchiveConfig
  try {
    config = await settings(env, ARCHIVE_VARIABLES, archiveProblems)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => failed('archive', problem, 'Correct the variable.'))
  }
  const { openArchive } = await import('../archive/open-archive.ts')
  using store = await openArchive(config)
  if (store === undefined) return []
  try {
    const names = await store.list()
    const days = names.filter((name) => name.endsWith('.ndjson.gz'))
    return [ok('archive', `${store.place} can be read; files of deliveries: ${days.length}`)]
  } catch (cause) {
    const { ArchiveStoreError } = await import('@paxyo/database')
    const { explainArchiveError } = await import('../archive/explain-archive-error.ts')
    const failure = explainArchiveError(new ArchiveStoreError(store.place, cause), config) as Failure
    return [failed('archive', failure.message, failure.hint ?? 'Check the store of the archive.')]
  }
}
