import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from './debian-package.ts'

const KUSTOMIZE = 'sigs.k8s.io/kustomize/kustomize/v5@v5.7.1'

/**
 * Renders a folder as `kubectl apply -k` would: with kustomize, with kubectl, which contains it, or with a kustomize that
 * Go builds. Debian's packages of both are too old for components.
 *
 * @throws Error with kustomize's output, or with the program to install.
 */
export function renderKustomization(folder: string): string {
  const [program, ...args] = findRenderer()
  const { status, stdout, stderr } = spawnSync(program, [...args, folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ${folder} failed:\n${stderr}`)
  return stdout
}

function findRenderer(): [string, ...string[]] {
  const kustomize = findProgram('kustomize')
  if (kustomize !== undefined) return [kustomize, 'build']
  const kubectl = findProgram('kubectl')
  if (kubectl !== undefined) return [kubectl, 'kustomize']
  const go = findProgram('go')
  if (go !== undefined) return [buildKustomize(go), 'build']
  throw new Error('The tests need kustomize. Install it, or kubectl, or Go, then run them again.')
}

function buildKustomize(go: string): string {
  const dir = join(tmpdir(), 'paxyo-kustomize')
  mkdirSync(dir, { recursive: true })
  process.stderr.write(`Building ${KUSTOMIZE} for the tests …\n`)
  const { status, stderr } = spawnSync(go, ['install', KUSTOMIZE], {
    env: { ...process.env, GOBIN: dir },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`go install ${KUSTOMIZE} failed:\n${stderr}`)
  return join(dir, 'kustomize')
}
