import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { diagnoseNode } from '../doctor/node-version.ts'
import { warning, type Diagnostic } from '../doctor/diagnostic.ts'
import type { UnitOptions } from './systemd-unit.ts'

/** The unit has its own /tmp and no homes: ProtectHome and PrivateTmp. */
const HIDDEN_FOLDERS = ['/home/', '/root/', '/run/user/', '/tmp/', '/var/tmp/']
const NODE_TIMEOUT_MS = 10_000

/** What would keep the written unit from starting on this machine. */
export async function machineWarnings({ codeDir, node }: Omit<UnitOptions, 'envFile'>): Promise<Diagnostic[]> {
  const hiddenBy = HIDDEN_FOLDERS.find((folder) => `${codeDir}/`.startsWith(folder))
  const code =
    hiddenBy === undefined
      ? []
      : [
          warning(
            'code',
            `the service cannot read ${codeDir}`,
            'Move the code to /opt/paxyo, and run setup there again.',
          ),
        ]
  return [...code, ...(await nodeWarnings(node))]
}

async function nodeWarnings(node: string): Promise<Diagnostic[]> {
  try {
    const { stdout } = await promisify(execFile)(node, ['--version'], { timeout: NODE_TIMEOUT_MS })
    const { status, message } = diagnoseNode(stdout.trim().replace(/^v/, ''))
    return status === 'ok' ? [] : [warning('node', `${node}: ${message}`, 'Install Node 24 there, before the service.')]
  } catch {
    return [warning('node', `${node} does not run`, 'Install Node 24 there, before the service.')]
  }
}
