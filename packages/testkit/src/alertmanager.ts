import { spawnSync } from 'node:child_process'
import { provideProgram } from './debian-package.ts'
import { startPrometheusProgram, type PrometheusProgram } from './prometheus-program.ts'

const PACKAGE = 'prometheus-alertmanager'

/** A separate Alertmanager. */
export interface Alertmanager extends PrometheusProgram {
  /** Creates alerts by their labels, or ends them. */
  post(
    alerts: readonly { readonly labels: Readonly<Record<string, string>>; readonly endsAt?: string }[],
  ): Promise<void>
}

export async function startAlertmanager(configFile: string): Promise<Alertmanager> {
  const started = await startPrometheusProgram(provideProgram(['prometheus-alertmanager'], PACKAGE), (address, dir) => [
    `--config.file=${configFile}`,
    `--storage.path=${dir}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
  ])
  const { url } = started
  return {
    ...started,
    async post(alerts) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(alerts) }
      const response = await fetch(`${url}/api/v2/alerts`, init)
      if (!response.ok) throw new Error(`alerts: ${response.status} ${await response.text()}`)
    },
  }
}

/** Runs `amtool`; returns its output. @throws when it reports a problem. */
export function amtool(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(provideProgram(['amtool'], PACKAGE), args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`amtool ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}
