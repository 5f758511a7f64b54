import { findChromium, FLAGS } from './chromium.ts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'

/** A browser in which a tab can be in the background: Playwright makes every page visible. */
export interface RawChromium extends AsyncDisposable {
  readonly pid: number
  /** Opens a tab in front of the others, or in another window. */
  open(url: string, options?: { readonly newWindow?: boolean }): Promise<RawTab>
}

export interface RawTab {
  /** The value of an expression, as JSON. */
  evaluate<Value>(expression: string): Promise<Value>
  activate(): Promise<void>
}

interface ProtocolResponse {
  readonly id?: number
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

export async function startRawChromium(): Promise<RawChromium> {
  const profile = mkdtempSync(join(tmpdir(), 'paxyo-chromium-'))
  const flags = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, ...FLAGS]
  // Its own extensions, such as a viewer for PDF files, would start processes.
  const bare = ['--disable-extensions', '--disable-component-extensions-with-background-pages']
  const child = spawn(findChromium(), [...flags, ...bare, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const address = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.once('exit', () => reject(new Error(`Chromium ended:\n${output}`)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const found = /ws:\/\/\S+/.exec(output)
      if (found !== null) resolve(found[0])
    })
  })
  const socket = new WebSocket(address)
  await once(socket, 'open')
  const send = speak(socket)

  return {
    pid: child.pid!,
    async open(url, { newWindow = false } = {}) {
      const { targetId } = await send('Target.createTarget', { url, newWindow })
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
      return {
        async evaluate<Value>(expression: string) {
          const response = await send('Runtime.evaluate', { expression, returnByValue: true }, String(sessionId))
          return (response['result'] as { value: Value }).value
        },
        activate: async () => void (await send('Target.activateTarget', { targetId })),
      }
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      await send('Browser.close', {})
      await exited
      socket.terminate()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Chrome's DevTools protocol: a response has the id of its request. */
function speak(socket: WebSocket) {
  const waiting = new Map<number, (response: ProtocolResponse) => void>()
  let id = 0
  socket.on('message', (data: Buffer) => {
    const response = JSON.parse(data.toString()) as ProtocolResponse
    if (response.id !== undefined) waiting.get(response.id)?.(response)
  })
  return async (method: string, params: object, sessionId?: string): Promise<Readonly<Record<string, unknown>>> => {
    id += 1
    const response = new Promise<ProtocolResponse>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
    const { result = {}, error } = await response
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }
}
