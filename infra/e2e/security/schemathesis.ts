import { providePython } from '@paxyo/testkit'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'
import { dirname, join } from 'node:path'
import { createTally, type AttackResult, type Target } from './attack.ts'

/** `readChanges` can wait for a change that no request makes, and a request has half a minute. A service that is busy responds with 503. */
const CONFIG = `
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "503"]

[[operations]]
include-operation-id = "readChanges"
parameters = { "query.wait" = 0 }
`
const CONFIG_FILE = 'schemathesis.toml'
const VERSION = 'schemathesis==4.32.5'

export interface SchemathesisOptions {
  readonly target: Target
  /** With Schemathesis. */
  readonly python: string
  readonly seed: number
  /** Requests of each operation. */
  readonly examples: number
  /** When it ends though not all requests were sent. */
  readonly secondsMax?: number
}

/** Blocks for a while: connections of this process can end meanwhile, because it does not respond to pings. */
export const installSchemathesis = (): string => providePython(VERSION)

/**
 * Schemathesis, from PyPI, against `/openapi.json`: requests that the document allows and others. No response may be an
 * unexpected error, and none without a key may succeed.
 */
export async function attackWithSchemathesis(options: SchemathesisOptions): Promise<AttackResult> {
  const { python } = options
  const tally = createTally('Schemathesis')
  const script = join(dirname(python), 'schemathesis')
  // It keeps a cache in the working directory.
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-schemathesis-'))
  writeFileSync(join(folder, CONFIG_FILE), CONFIG)
  const child = spawn(python, [script, '--config-file', CONFIG_FILE, ...argumentsOf(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
  })
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  rmSync(folder, { recursive: true, force: true })
  const [, generated] = /([\d,]+) generated/.exec(output) ?? []
  for (let count = Number(generated?.replaceAll(',', '') ?? 0); count > 0; count -= 1) tally.count('test case')
  // Its exit code is not 0, too, when the time is over.
  if (!output.includes('No issues found')) tally.violated(output.slice(-4_000) + errors.slice(-1_000))
  if (generated === undefined) tally.violated(`it generated nothing: ${output.slice(-1_000)}`)
  return tally.result()
}

const argumentsOf = ({ target, seed, examples, secondsMax }: SchemathesisOptions): string[] => [
  'run',
  `${target.ingestUrl}/openapi.json`,
  '--header',
  `Authorization: Bearer ${target.panelKey}`,
  '--checks',
  'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance',
  '--phases',
  'fuzzing',
  '--mode',
  'all',
  // Attacks on webhooks are in other files, with the credentials of a provider.
  '--exclude-operation-id',
  'receiveProviderWebhook',
  // It takes the ids of keys from responses, and would revoke the one that all attacks use.
  '--exclude-operation-id',
  'revokeKey',
  '--max-examples',
  String(examples),
  '--seed',
  String(seed),
  '--generation-database',
  'none',
  ...(secondsMax === undefined ? [] : ['--max-time', String(secondsMax)]),
  '--no-shrink',
  '--continue-on-failure',
  '--warnings',
  'off',
  '--request-timeout',
  '60',
  '--wait-for-schema',
  '60',
  '--no-color',
]
