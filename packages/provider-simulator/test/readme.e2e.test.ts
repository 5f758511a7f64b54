import { expect, test } from '@jest/globals'
import { eventually, freePort } from '@paxyo/testkit'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startReceiver } from './receiver.ts'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

test('the commands run as they stand there', async () => {
  await using receiver = await startReceiver()
  const port = await freePort()
  const [start, control] = [...README.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1]!.trim())
  const env = { ...process.env, PORT: String(port), API_KEY: 'a-key-of-mine', WEBHOOK_TOKEN: 'a-token' }
  const command = start!.replace('http://localhost:8080/webhooks/godofpanel', receiver.url).replace('npx ', 'exec ')
  const path = `${ROOT}node_modules/.bin:${process.env['PATH']}`
  const simulator = spawn('sh', ['-c', command], { cwd: ROOT, env: { ...env, PATH: path } })
  const ended = once(simulator, 'exit')
  try {
    let output = ''
    for (const stream of [simulator.stdout, simulator.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    await eventually(() => {
      if (simulator.exitCode !== null) throw new Error(`it ended:\n${output}`)
      return output.includes('seed: ')
    })
    const results = control!.split('\n').map((line) => {
      const here = line.replace('http://localhost:8090', `http://localhost:${port}`)
      return JSON.parse(execFileSync('sh', ['-c', `${here} --silent`], { env, encoding: 'utf8' })) as unknown
    })
    expect(results).toMatchObject([{ status: 'pending' }, { status: 'partial' }, { newest: [{ orderIds: ['23501'] }] }])
  } finally {
    simulator.kill('SIGTERM')
    await ended
  }
})
