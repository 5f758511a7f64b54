import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { provideProgram } from './debian-package.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'

/** A page in WebKit. */
export interface WebKitPage {
  /** Evaluates an expression whose value, or the value of whose promise, is JSON. */
  evaluate<Value>(expression: string): Promise<Value>
}

/** WebKitGTK, the engine of Safari, in Debian's small browser for tests, driven over WebDriver. */
export interface WebKit extends AsyncDisposable {
  readonly pid: number
  /** Opens another window. */
  open(url: string): Promise<WebKitPage>
}

const BROWSER = '/usr/lib/*/webkit2gtk-4.1/MiniBrowser'
const SCRIPT_TIMEOUT_MS = 300_000
const MISSING =
  'The tests need WebKitGTK. Install it (on Debian: apt-get install webkit2gtk-driver), then run them again.'

export async function launchWebKit(): Promise<WebKit> {
  const driver = provideProgram(['WebKitWebDriver'], 'webkit2gtk-driver')
  const [binary] = globSync(BROWSER)
  if (binary === undefined) throw new Error(MISSING)
  await using cleanups = new AsyncDisposableStack()
  const home = mkdtempSync(join(tmpdir(), 'paxyo-webkit-'))
  cleanups.defer(() => rmSync(home, { recursive: true, force: true, maxRetries: 10 }))
  const display = cleanups.use(await startDisplay())
  const port = await freePort()
  const env = { ...process.env, HOME: home, DISPLAY: display.name, LIBGL_ALWAYS_SOFTWARE: '1' }
  // In a process group, so that the browser ends with its driver.
  const child = spawn(driver, [`--port=${port}`, '--host=127.0.0.1'], { env, stdio: 'ignore', detached: true })
  cleanups.defer(() => endGroup(child))
  const url = `http://127.0.0.1:${port}`
  await eventually(async () => (await fetch(`${url}/status`)).ok)
  const options = { binary, args: ['--automation'] }
  const { sessionId } = await command<{ sessionId: string }>('POST', `${url}/session`, {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } },
  })
  const session = `${url}/session/${sessionId}`
  await command('POST', `${session}/timeouts`, { script: SCRIPT_TIMEOUT_MS })
  const owned = cleanups.move()
  /** A command is for the current window: one at a time. */
  let last: Promise<unknown> = Promise.resolve()
  const inWindow = <Value>(handle: string, act: () => Promise<Value>): Promise<Value> => {
    const done = last.then(async () => {
      await command('POST', `${session}/window`, { handle })
      return act()
    })
    last = done.catch(() => undefined)
    return done
  }

  return {
    pid: child.pid!,
    async open(address) {
      const { handle } = await command<{ handle: string }>('POST', `${session}/window/new`, { type: 'window' })
      await inWindow(handle, () => command('POST', `${session}/url`, { url: address }))
      return {
        evaluate: <Value>(expression: string) =>
          inWindow(handle, async () => {
            const script = `const done = arguments[0]; (async () => (${expression}))().then(
              (value) => done(JSON.stringify({ value })), (error) => done(JSON.stringify({ error: String(error) })))`
            const text = await command<string>('POST', `${session}/execute/async`, { script, args: [] })
            const { value, error } = JSON.parse(text) as { value: Value; error?: string }
            if (error !== undefined) throw new Error(error)
            return value
          }),
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A screen in memory. */
async function startDisplay(): Promise<AsyncDisposable & { readonly name: string }> {
  const args = ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp']
  const child = spawn(provideProgram(['Xvfb'], 'xvfb'), args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const [number] = (await once(child.stdio[3] as Readable, 'data')) as [Buffer]
  return {
    name: `:${number.toString().trim()}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  process.kill(-child.pid!, 'SIGKILL')
  await exited
}

async function command<Value>(method: string, url: string, body: object): Promise<Value> {
  const request = { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  // On a busy machine the driver may disconnect before it has read a command.
  const response = await fetch(url, request).catch(() => fetch(url, request))
  const { value } = (await response.json()) as { value: unknown }
  if (!response.ok) throw new Error(`${url}: ${JSON.stringify(value)}`)
  return value as Value
}
