import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { provideProgram } from './debian-package.ts'

/** A page in Firefox. */
export interface FirefoxPage {
  /** Evaluates an expression whose value, or the value of whose promise, is JSON. */
  evaluate<Value>(expression: string): Promise<Value>
  close(): Promise<void>
}

/** A headless Firefox with a new profile, driven over WebDriver BiDi: Playwright needs its own Firefox. */
export interface Firefox extends AsyncDisposable {
  readonly pid: number
  /** Opens a tab in front of the others, or in another window. */
  open(url: string, options?: { readonly newWindow?: boolean }): Promise<FirefoxPage>
  /** Changes a setting of `about:config` for the pages that are opened from now on. */
  setPreference(name: string, value: number): Promise<void>
}

const START_TIMEOUT_MS = 60_000

/** Neither a home page, nor pages and processes that it prepares. */
const PREFERENCES = {
  'browser.startup.page': 0,
  'browser.newtabpage.enabled': false,
  'browser.newtab.preload': false,
  'dom.ipc.processPrelaunch.enabled': false,
}

export async function launchFirefox(): Promise<Firefox> {
  const program = process.env['FIREFOX_PATH'] || provideProgram(['firefox', 'firefox-esr'], 'firefox-esr')
  const profile = mkdtempSync(join(tmpdir(), 'paxyo-firefox-'))
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`)
  writeFileSync(join(profile, 'user.js'), lines.join(''))
  const remote = ['--remote-debugging-port=0', '--remote-allow-system-access']
  const child = spawn(program, ['--headless', '--no-remote', ...remote, '--profile', profile], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: profile },
  })
  const exited = once(child, 'exit')
  const address = await addressOf(child.stderr).catch((error: unknown) => {
    child.kill('SIGKILL')
    throw error
  })
  const session = await openSession(`${address}/session`)
  const evaluate = async (context: string, expression: string): Promise<string> => {
    const evaluated = (await session.send('script.evaluate', {
      expression: `(async () => JSON.stringify({ value: await (${expression}) }))()`,
      target: { context },
      awaitPromise: true,
    })) as { result?: { value: string }; exceptionDetails?: { text: string } }
    if (evaluated.exceptionDetails !== undefined) throw new Error(evaluated.exceptionDetails.text)
    return evaluated.result!.value
  }

  return {
    pid: child.pid!,
    async open(url, { newWindow = false } = {}) {
      const type = newWindow ? 'window' : 'tab'
      const { context } = (await session.send('browsingContext.create', { type })) as { context: string }
      await session.send('browsingContext.navigate', { context, url, wait: 'complete' })
      return {
        async evaluate<Value>(expression: string): Promise<Value> {
          return (JSON.parse(await evaluate(context, expression)) as { value: Value }).value
        },
        close: async () => void (await session.send('browsingContext.close', { context })),
      }
    },
    async setPreference(name, value) {
      // Firefox's own windows may change it.
      const { contexts } = (await session.send('browsingContext.getTree', { 'moz:scope': 'chrome' })) as {
        contexts: readonly { context: string }[]
      }
      await evaluate(contexts[0]!.context, `Services.prefs.setIntPref(${JSON.stringify(name)}, ${value})`)
    },
    async [Symbol.asyncDispose]() {
      session.close()
      child.kill('SIGKILL')
      await exited
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** Firefox prints the address of WebDriver BiDi when it listens. */
async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  const seen: string[] = []
  const timer = setTimeout(() => lines.close(), START_TIMEOUT_MS)
  const lines = createInterface({ input: output })
  try {
    for await (const line of lines) {
      seen.push(line)
      const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1]
      if (address !== undefined) return address
    }
  } finally {
    clearTimeout(timer)
    // A full pipe would stop Firefox.
    output.resume()
  }
  throw new Error(`Firefox did not start:\n${seen.join('\n')}`)
}

interface Session {
  send(method: string, params: object): Promise<unknown>
  close(): void
}

async function openSession(url: string): Promise<Session> {
  const socket = new WebSocket(url)
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { id?: number; type: string; result?: unknown; message?: string }
    const call = waiting.get(message.id ?? -1)
    if (message.type === 'success') call?.resolve(message.result)
    else if (message.type === 'error') call?.reject(new Error(message.message))
  })
  await once(socket, 'open')
  let id = 0
  const send = (method: string, params: object): Promise<unknown> => {
    id += 1
    const call = Promise.withResolvers<unknown>()
    waiting.set(id, call)
    socket.send(JSON.stringify({ id, method, params }))
    return call.promise
  }
  await send('session.new', { capabilities: {} })
  return { send, close: () => socket.terminate() }
}
