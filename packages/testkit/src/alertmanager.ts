import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideProgram } from './debian-package.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'

const PACKAGE = 'prometheus-alertmanager'

/** A separate Alertmanager. */
export interface Alertmanager extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Creates alerts by their labels, or ends them. */
  post(
    alerts: readonly { readonly labels: Readonly<Record<string, string>>; readonly endsAt?: string }[],
  ): Promise<void>
}

export async function startAlertmanager(configFile: string): Promise<Alertmanager> {
  const program = provideProgram(['prometheus-alertmanager'], PACKAGE)
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-alertmanager-'))
  const args = [
    `--config.file=${configFile}`,
    `--storage.path=${dir}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
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
    throw new Error(`alertmanager did not start:\n${output}`)
  }
  return {
    url,
    port,
    async post(alerts) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(alerts) }
      const response = await fetch(`${url}/api/v2/alerts`, init)
      if (!response.ok) throw new Error(`alerts: ${response.status} ${await response.text()}`)
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** Runs `amtool`; returns its output. @throws when it reports a problem. */
export function amtool(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(provideProgram(['amtool'], PACKAGE), args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`amtool ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}
