import { expect, test } from '@jest/globals'
import { freePort } from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

test.each(['main.ts', 'maintain-main.ts'])('%s says in one line that there is no database', async (file) => {
  const path = fileURLToPath(new URL(`../src/${file}`, import.meta.url))
  const DATABASE_URL = `postgres://nobody@127.0.0.1:${await freePort()}/none`
  const { status, stderr } = spawnSync(process.execPath, [path], { env: { DATABASE_URL }, encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^[^\n]*connect ECONNREFUSED 127\.0\.0\.1:\d+\n$/)
})
