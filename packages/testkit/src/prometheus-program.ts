import { spawn, type ChildProcess } from 'node:child_process'
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
  /** Sends a signal and waits for it to end. */
  end(signal: NodeJS.Signals): Promise<void>
  /** Starts it again after it has ended, on the same port and with its data. */
  restart(): Promise<void>
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
  const url = `http://${address}`
  let child: ChildProcess
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (hasEnded()) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  const start = async (): Promise<void> => {
    child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let output = ''
    child.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()))
    try {
      await eventually(async () => !hasEnded() && (await fetch(`${url}/-/ready`)).ok)
    } catch {
      throw new Error(`${program} did not start:\n${output}`)
    }
  }
  const stop = async (): Promise<void> => {
    await end('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return { url, port, end, restart: start, [Symbol.asyncDispose]: stop }
}
