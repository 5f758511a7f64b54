import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'

/** A running program of the Prometheus project. */
export interface PrometheusProgram extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

/**
 * Starts a program with `/-/ready` on a free port, with a temporary folder for its data.
 *
 * @param argsOf its arguments, for the address to listen on and the folder.
 */
export async function startPrometheusProgram(
  program: string,
  argsOf: (address: string, dir: string) => readonly string[],
): Promise<PrometheusProgram> {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-prometheus-'))
  const address = `127.0.0.1:${port}`
  const args = [...argsOf(address, dir), '--log.level=warn']
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    rmSync(dir, { recursive: true, force: true })
  }
  const url = `http://${address}`
  try {
    await eventually(async () => child.exitCode === null && (await fetch(`${url}/-/ready`)).ok)
  } catch {
    await stop()
    throw new Error(`${program} did not start:\n${output}`)
  }
  return { url, port, [Symbol.asyncDispose]: stop }
}
