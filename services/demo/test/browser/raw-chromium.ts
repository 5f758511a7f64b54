import { findChromium } from '@paxyo/testkit'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'

/** A browser in which a tab can be in the background: Playwright lets every page believe that it is looked at. */
export interface RawChromium extends AsyncDisposable {
  /** Opens a tab in front of the others. */
  open(url: string): Promise<RawTab>
}

export interface RawTab {
  /** The value of an expression, as JSON. */
  evaluate<Value>(expression: string): Promise<Value>
  activate(): Promise<void>
}

interface Answer {
  readonly id?: number
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

export async function startRawChromium(): Promise<RawChromium> {
  const profile = mkdtempSync(join(tmpdir(), 'paxyo-chromium-'))
  const flags = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--no-first-run']
  // Chromium's sandbox refuses to run as root, which tests in containers are.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn(findChromium(), [...flags, ...sandbox, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
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
    async open(url) {
      const { targetId } = await send('Target.createTarget', { url })
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
      return {
        async evaluate<Value>(expression: string) {
          const answer = await send('Runtime.evaluate', { expression, returnByValue: true }, String(sessionId))
          return (answer['result'] as { value: Value }).value
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

/** Chrome's DevTools protocol: requests with numbers, answers with the same. */
function speak(socket: WebSocket) {
  const waiting = new Map<number, (answer: Answer) => void>()
  let id = 0
  socket.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  })
  return async (method: string, params: object, sessionId?: string): Promise<Readonly<Record<string, unknown>>> => {
    id += 1
    const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
    const { result = {}, error } = await answer
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }
}
