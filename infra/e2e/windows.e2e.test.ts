import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { eventually, freePort, hostEnvironment } from '@paxyo/testkit'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// The instructions for Windows, as far as Linux can run them: a copy of the code in a folder with a typical name is
// installed, started, stopped and killed as infra/docs/windows.md describes.

jest.setTimeout(240_000)

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Folders that a clone does not have. */
const LEFT_OUT = new Set(['node_modules', 'dist', '.git', '.data', '.artifacts'])
const INSTRUCTIONS = readFileSync(join(ROOT, 'infra/docs/windows.md'), 'utf8')
const toSlashes = (text: string): string => text.replaceAll('\\', '/')

const INSTALL = /^node (infra\S+)$/m.exec(INSTRUCTIONS)![1]!
const [, ARGUMENTS] = /^nssm install paxyo "[^"]+" "([^"]+)"$/m.exec(INSTRUCTIONS)!
const NSSM_ENV = Object.fromEntries(
  /AppEnvironmentExtra ([^]*?)\nnssm/
    .exec(INSTRUCTIONS)![1]!
    .split(/[\s^]+/)
    .map((pair) => pair.split('=') as [string, string]),
)
const XML = /^```xml\n([^]*?)^```$/m.exec(INSTRUCTIONS)![1]!

describe('both ways to run it as a service', () => {
  test('start the same', () => {
    const env = Object.fromEntries([...XML.matchAll(/<env name="(\w+)" value="([^"]*)"/g)].map(([, k, v]) => [k, v]))
    expect(env).toEqual(NSSM_ENV)
    expect(/<arguments>(.*)<\/arguments>/.exec(XML)![1]).toBe(ARGUMENTS)
  })

  test('give it as long to end as it may take', () => {
    const kit = readFileSync(join(ROOT, 'packages/service-kit/src/run-service.ts'), 'utf8')
    const neededMs = Number(/CLOSE_TIMEOUT_MS = ([\d_]+)/.exec(kit)![1]!.replaceAll('_', ''))
    expect(Number(/AppStopMethodConsole (\d+)/.exec(INSTRUCTIONS)![1])).toBeGreaterThan(neededMs)
    expect(Number(/<stoptimeout>(\d+) sec/.exec(XML)![1]) * 1000).toBeGreaterThan(neededMs)
    // Bits: 1 Ctrl-C; 2 and 4 messages to windows, of which it has none; 8 the forced end, which must come last.
    expect(/AppStopMethodSkip (\d+)/.exec(INSTRUCTIONS)![1]).toBe(String(2 + 4))
  })
})

describe('in a folder with a space and an umlaut in its name', () => {
  let dir: string
  let disk: string
  let code: string
  let child: ChildProcess
  let output = ''
  let port: number
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'paxyo würde gern '))
    // Where pnpm can link the packages of its store; in memory it would copy them.
    disk = mkdtempSync('/tmp/paxyo würde gern ')
    code = join(disk, 'Neuer Ordner')
    cpSync(ROOT, code, { recursive: true, filter: (path) => path === ROOT || !LEFT_OUT.has(basename(path)) })
    mkdirSync(join(dir, 'data'))
  })
  afterAll(async () => {
    // A killed process leaves its database running, and the next one finds it.
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGINT')
      await once(child, 'exit')
    }
    for (const folder of [dir, disk]) rmSync(folder, { recursive: true, force: true })
  })

  async function start(): Promise<void> {
    output = ''
    port = await freePort()
    child = spawn(process.execPath, toSlashes(ARGUMENTS!).split(' '), {
      cwd: code,
      env: { ...hostEnvironment(), ...NSSM_ENV, PORT: `${port}`, DATA_DIR: join(dir, 'data'), METRICS_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (text: Buffer) => (output += text.toString()))
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(output)
      return output.includes('panel key: ')
    })
  }
  /** From the file that the instructions and the output name. */
  const webhookToken = (): string => {
    const path = join(dir, 'data', 'secrets.json')
    expect(output).toContain(`webhook token: in ${path}\n`)
    return (JSON.parse(readFileSync(path, 'utf8')) as { webhookToken: string }).webhookToken
  }

  test('the code is installed, with all that pages load', () => {
    const { status, stderr } = spawnSync(process.execPath, [toSlashes(INSTALL)], { cwd: code, encoding: 'utf8' })
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  })

  let token: string
  test('it starts, takes a webhook and serves the script, and nothing is left beside its folder', async () => {
    await start()
    token = webhookToken()
    expect(output).not.toContain(token)
    const address = `http://127.0.0.1:${port}`
    const webhook = await fetch(`${address}/webhooks/godofpanel/${token}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ order_id: '1', status: 'Canceled' }),
    })
    expect(await webhook.json()).toMatchObject({ results: [{ outcome: 'parked' }] })
    const script = await fetch(`${address}/paxyo.js`)
    expect([script.status, (await script.text()).length > 10_000]).toEqual([200, true])
  })

  test('after it was killed it starts again, with the same secrets', async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    await start()
    expect(webhookToken()).toBe(token)
  })

  test('Ctrl-C ends it within its time, and its database with it', async () => {
    const startedAt = Date.now()
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(Date.now() - startedAt).toBeLessThan(30_000)
    expect(() => readFileSync(join(dir, 'data/postgres/postmaster.pid'))).toThrow('ENOENT')
  })
})
