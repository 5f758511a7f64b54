import { spawnSync } from 'node:child_process'
import { provideProgram } from './debian-package.ts'
import { startPrometheusProgram, type PrometheusProgram } from './prometheus-program.ts'

/** A separate Prometheus. */
export interface Prometheus extends PrometheusProgram {
  /** Queries its HTTP API, such as `/api/v1/query?query=up`; returns `data`. */
  ask(path: string): Promise<unknown>
}

/** @param configFile its configuration; paths in it are relative to its folder. */
export async function startPrometheus(configFile: string): Promise<Prometheus> {
  const started = await startPrometheusProgram(provideProgram(['prometheus'], 'prometheus'), (address, dir) => [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${dir}`,
    `--web.listen-address=${address}`,
  ])
  const { url } = started
  return {
    ...started,
    async ask(path) {
      const response = (await (await fetch(url + path)).json()) as { status: string; data: unknown; error?: string }
      if (response.status !== 'success') throw new Error(`${path}: ${response.error}`)
      return response.data
    },
  }
}

/** Runs `promtool`; returns its output. @throws when it reports a problem. */
export function promtool(...args: readonly string[]): string {
  const program = provideProgram(['promtool'], 'prometheus')
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`promtool ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}
