import { afterAll, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// With a program in place of docker, for which each container is a file with its state.

const ROLLOUT = fileURLToPath(new URL('../rollout.mjs', import.meta.url))
/** As compose does, `up` starts stopped containers first, and then creates what is missing, or all with --force-recreate. */
const DOCKER = `#!/bin/bash
shopt -s nullglob
cd "$CONTAINERS"
last=\${*: -1}
case "$1 $2" in
  'compose ps')
    if [ "$last" = --services ]; then ls | grep -v started | sed 's/\\..*//' | sort -u; exit; fi
    for name in "$last".*; do
      if [[ " $* " == *' --all '* || $(<"$name") == running ]]; then echo "$name"; fi
    done ;;
  'compose up')
    if [[ " $* " == *' --force-recreate '* ]]; then rm "$last".*; echo running >"$last.new"; exit; fi
    for name in "$last".*; do echo running >"$name"; done
    scale=\${*: -2:1}
    names=("$last".*)
    for ((count = \${#names[@]}; count < \${scale#*=}; count += 1)); do echo running >"$last.new-$count"; done ;;
  'compose kill') echo running >"$last.reloaded" ;;
  'inspect '*) if [[ $* == *StartedAt* ]]; then cat "$last.started"; else echo healthy; fi ;;
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
writeFileSync(join(folder, 'docker'), DOCKER, { mode: 0o755 })

/** Rolls out the services, or all. @returns the containers that run then. */
function rollOut(before: Readonly<Record<string, string>>, ...services: readonly string[]): string[] {
  const containers = mkdtempSync(join(folder, 'containers-'))
  for (const [name, state] of Object.entries(before)) writeFileSync(join(containers, name), state)
  const options = ['--import', `data:text/javascript,${encodeURIComponent(AT_ONCE)}`]
  const { status, stderr } = spawnSync(process.execPath, [...options, ROLLOUT, ...services], {
    env: { PATH: `${folder}:${process.env['PATH']}`, CONTAINERS: containers },
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return readdirSync(containers)
    .filter((name) => readFileSync(join(containers, name), 'utf8').trim() === 'running')
    .toSorted()
}

const SERVICES = { 'webhook-ingest.1': 'running', 'ws-gateway.1': 'running' }
const ROLLED_OUT = ['webhook-ingest.new-1', 'ws-gateway.new-1']

test('as many new containers as were running are left, and none that an interrupted rollout had stopped', () => {
  const before = { 'ws-gateway.1': 'running', 'ws-gateway.2': 'running', 'ws-gateway.3': 'exited' }
  expect(rollOut(before, 'ws-gateway')).toEqual(['ws-gateway.new-3', 'ws-gateway.new-4'])
})

test('what reads its secrets or its rules only when it starts is started again, if it runs', () => {
  const names = ['webhook-ingest', 'ws-gateway', 'maintain', 'exporter', 'prometheus', 'alertmanager', 'redis']
  const before = Object.fromEntries(names.map((name) => [`${name}.1`, 'running']))
  const replaced = ['alertmanager.new', 'exporter.new', 'maintain.new', 'prometheus.new']
  expect(rollOut(before)).toEqual([...replaced, 'redis.1', ...ROLLED_OUT])
  expect(rollOut(SERVICES)).toEqual(ROLLED_OUT)
})

test('HAProxy takes a configuration that was changed since its start', () => {
  const startedAt = (time: string) => ({ ...SERVICES, 'haproxy.1': 'running', 'haproxy.1.started': time })
  expect(rollOut(startedAt('2020-01-01T00:00:00.123456789Z'))).toEqual(['haproxy.1', 'haproxy.reloaded', ...ROLLED_OUT])
  expect(rollOut(startedAt('2200-01-01T00:00:00.123456789Z'))).toEqual(['haproxy.1', ...ROLLED_OUT])
})
