import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { paxyo } from '../paxyo.ts'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))

let parent: string
let folder: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'paxyo-secrets-'))
  folder = join(parent, 'secrets')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')

test('what is missing is created, what is there stays, what is named is rotated and retired', async () => {
  const first = await paxyo(['secrets', '--json', '--folder', folder])
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.json()).toEqual({ folder, written: expect.arrayContaining(['ca.crt', 'jwt-secrets', 'tls/site.pem']) })
  const before = read('jwt-secrets')

  expect(await paxyo(['secrets'], { SECRETS_DIR: folder })).toMatchObject({
    code: 0,
    stdout: `${folder}: nothing is missing.\n`,
  })
  const rotated = await paxyo(['secrets', '--rotate', 'jwt-secrets'], { SECRETS_DIR: folder })
  expect(rotated.stdout).toBe(`${folder}: wrote jwt-secrets\n`)
  expect(read('jwt-secrets').trim().split(',')).toEqual([expect.any(String), before.trim()])
  await paxyo(['secrets', '--retire', 'jwt-secrets'], { SECRETS_DIR: folder })
  expect(read('jwt-secrets').trim()).not.toContain(',')
})

test('only its owner can open the folder, also when Docker has created it for a container', async () => {
  mkdirSync(folder)
  chmodSync(folder, 0o755)
  await paxyo(['secrets', '--folder', folder])
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('npm run secrets is the same command', async () => {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'secrets', '--', '--help'], {
    cwd: ROOT,
    env: { ...process.env, SECRETS_DIR: folder },
  })
  expect(stdout).toMatch(/^Usage: paxyo secrets/m)
  expect(existsSync(folder)).toBe(false)
})

test('a name that cannot be rotated creates nothing', async () => {
  const { code, stderr } = await paxyo(['secrets', '--rotate', 'nonsense', '--folder', folder])
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^paxyo: nonsense cannot be rotated; available: /)])
  expect(existsSync(folder)).toBe(false)
})
