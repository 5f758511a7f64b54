import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideProgram } from './debian-package.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'

/** A separate Prometheus. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string
  /** Queries its HTTP API, such as `/api/v1/query?query=up`; returns `data`. */
  ask(path: string): Promise<unknown>
}

/** @param configFile its configuration; paths in it are relative to its folder. */
export async function startPrometheus(configFile: string): Promise<Prometheus> {
  const program = provideProgram(['prometheus'], 'prometheus')
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-prometheus-'))
  const args = [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${dir}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]
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
  const url = `http://127.0.0.1:${port}`
  try {
    await eventually(async () => child.exitCode === null && (await fetch(`${url}/-/ready`)).ok)
  } catch {
    await stop()
    throw new Error(`prometheus did not start:\n${output}`)
  }
  return {
    url,
    async ask(path) {
      const response = (await (await fetch(url + path)).json()) as { status: string; data: unknown; error?: string }
      if (response.status !== 'success') throw new Error(`${path}: ${response.error}`)
      return response.data
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** Runs `promtool`; returns its output. @throws when it reports a problem. */
export function promtool(...args: readonly string[]): string {
  const program = provideProgram(['promtool'], 'prometheus')
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`promtool ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}
