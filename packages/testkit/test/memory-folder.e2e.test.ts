import { expect, test } from '@jest/globals'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeLeftFolders } from '../src/memory-folder.ts'

test('the next run removes what a killed run has left, with its servers, and nothing of a run that goes on', async () => {
  const memory = mkdtempSync(join(tmpdir(), 'paxyo-memory-'))
  const { pid: ended } = spawnSync(process.execPath, ['--version'])
  const left = `paxyo-test-${ended}-abc`
  const others = [`paxyo-test-${process.pid}-abc`, 'paxyo-chaos-abc']
  for (const name of [left, ...others]) mkdirSync(join(memory, name, 'data'), { recursive: true })
  const [server, other] = [left, others[0]!].map((name) =>
    spawn(process.execPath, ['--eval', 'setInterval(() => undefined, 1_000)'], { cwd: join(memory, name, 'data') }),
  )
  await Promise.all([once(server!, 'spawn'), once(other!, 'spawn')])

  removeLeftFolders(memory)

  expect(await once(server!, 'exit')).toEqual([null, 'SIGINT'])
  expect([readdirSync(memory).toSorted(), other!.signalCode]).toEqual([others.toSorted(), null])
  other!.kill('SIGKILL')
  await once(other!, 'exit')
  rmSync(memory, { recursive: true })
})
