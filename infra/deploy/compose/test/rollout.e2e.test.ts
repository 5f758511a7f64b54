import { afterAll, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// With a program in place of docker, for which each container is a file with its state.

const ROLLOUT = fileURLToPath(new URL('../rollout.mjs', import.meta.url))
/** As compose does, `up` starts stopped containers first, and then creates what is missing. */
const DOCKER = `#!/bin/bash
cd "$CONTAINERS"
last=\${*: -1}
case "$1 $2" in
  'compose ps')
    for name in *; do
      if [[ " $* " == *' --all '* || $(<"$name") == running ]]; then echo "$name"; fi
    done ;;
  'compose up')
    for name in *; do echo running >"$name"; done
    scale=\${*: -2:1}
    for ((count = $(ls | wc -l); count < \${scale#*=}; count += 1)); do echo running >"new-$count"; done ;;
  'inspect '*) echo healthy ;;
  'stop '*) echo exited >"$last" ;;
  'rm '*) rm "$last" ;;
esac
`
/** Nothing has to be waited for. */
const AT_ONCE = `import timers from 'node:timers/promises'
import { syncBuiltinESMExports } from 'node:module'
timers.setTimeout = async () => {}
syncBuiltinESMExports()`

const folder = mkdtempSync(join(tmpdir(), 'paxyo-rollout-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const containers = join(folder, 'containers')
mkdirSync(containers)
writeFileSync(join(folder, 'docker'), DOCKER, { mode: 0o755 })

function rollOut(before: Readonly<Record<string, string>>): Record<string, string> {
  for (const [name, state] of Object.entries(before)) writeFileSync(join(containers, name), state)
  const options = ['--import', `data:text/javascript,${encodeURIComponent(AT_ONCE)}`]
  const { status, stderr } = spawnSync(process.execPath, [...options, ROLLOUT, 'webhook-ingest'], {
    env: { PATH: `${folder}:${process.env['PATH']}`, CONTAINERS: containers },
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return Object.fromEntries(
    readdirSync(containers).map((name) => [name, readFileSync(join(containers, name), 'utf8').trim()]),
  )
}

test('as many new containers as were running are left, and none that an interrupted rollout had stopped', () => {
  const after = rollOut({ 'old-1': 'running', 'old-2': 'running', 'old-3': 'exited' })
  expect(after).toEqual({ 'new-3': 'running', 'new-4': 'running' })
})
