import { providePython } from '@paxyo/testkit'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import type { SignatureHeaders } from '../src/index.ts'

/** One of the specification's reference implementations. Their `verify` uses the system clock. */
export interface Reference {
  /** @returns the value of `webhook-signature`. */
  sign(secret: string, id: string, timestamp: number, body: string): string | Promise<string>
  verify(secret: string, headers: SignatureHeaders, body: string): boolean | Promise<boolean>
}

export const npmReference: Reference = {
  sign: (secret, id, timestamp, body) => new Webhook(secret).sign(id, new Date(timestamp * 1000), body),
  verify(secret, headers, body) {
    try {
      new Webhook(secret).verify(body, headers, { jsonParse: false })
      return true
    } catch (error) {
      if (error instanceof WebhookVerificationError) return false
      throw error
    }
  },
}

const SCRIPT = fileURLToPath(new URL('reference.py', import.meta.url))

/** @throws Error with the reason, when the library cannot be installed. */
export function startPypiReference(): Reference & AsyncDisposable {
  const python = providePython('standardwebhooks==1.1.0')
  const child = spawn(python, [SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'], env: { PYTHONUTF8: '1' } })
  const responses = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const stderr = text(child.stderr)
  // A script that has ended is reported by its missing response.
  child.stdin.on('error', () => undefined)

  async function ask(call: Readonly<Record<string, unknown>>): Promise<unknown> {
    child.stdin.write(`${JSON.stringify(call)}\n`)
    const { done, value } = await responses.next()
    if (done === true) throw new Error(`python ended:\n${await stderr}`)
    return JSON.parse(value)
  }

  return {
    sign: async (secret, id, timestamp, body) => (await ask({ do: 'sign', secret, id, timestamp, body })) as string,
    verify: async (secret, headers, body) => (await ask({ do: 'verify', secret, headers, body })) as boolean,
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await stderr
    },
  }
}
