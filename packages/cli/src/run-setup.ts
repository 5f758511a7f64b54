import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cli } from './cli.ts'
import type { Diagnostic } from './doctor/diagnostic.ts'
import { Failure } from './failure.ts'
import { choicesSchema, type Choices } from './setup/choices.ts'
import { completeChoices } from './setup/ask.ts'
import { runChecks } from './setup/checks/run-checks.ts'
import { secretsOf, type SetupSecrets } from './setup/env-file.ts'
import { parseVariables } from './setup/env-text.ts'
import { machineWarnings } from './setup/machine-warnings.ts'
import { nextSteps } from './setup/next-steps.ts'
import { planFiles } from './setup/plan-files.ts'
import { renderChecks, renderWritten } from './setup/render.ts'
import { readIfPresent, writeFiles } from './setup/write-files.ts'

export type SetupOptions = Partial<Record<keyof Choices, string>> & {
  readonly folder: string
  readonly yes?: boolean
  readonly check?: boolean
  readonly overwrite?: boolean
  readonly ca?: string
}

const CODE_DIR = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')
const NODE = '/usr/bin/node'

/** Writes the files of an installation, or checks one. */
export async function setUp(cli: Cli, options: SetupOptions): Promise<void> {
  if (options.check === true) return check(cli, options)
  const { folder, yes = false, check: _check, overwrite = false, ca: _ca, ...given } = options
  const choices = await completeChoices(cli, given, yes)
  const machine = { codeDir: CODE_DIR, node: NODE }
  const plan = planFiles(choices, machine, await existingVariables(folder))
  const files = await writeFiles(folder, plan.files, overwrite)
  const steps = nextSteps(choices, folder)
  const warnings = await machineWarnings(machine)
  cli.print({ folder: resolve(folder), files, warnings, steps }, () =>
    renderWritten(cli, folder, { files, warnings, steps }),
  )
}

async function check(cli: Cli, { folder, ca }: SetupOptions): Promise<void> {
  const { choices, secrets } = await readInstallation(folder)
  const authority = ca === undefined ? undefined : await readFile(ca, 'utf8').catch(rejectPath)
  const checks = await runChecks({ choices, secrets, ca: authority }, join(folder, '.env'))
  const isReady = checks.every(({ status }: Diagnostic) => status !== 'failed')
  if (!isReady) cli.finish('violations')
  cli.print({ isReady, checks }, () => renderChecks(cli, checks))
}

function rejectPath(error: NodeJS.ErrnoException): never {
  throw new Failure('usage', error.message)
}

/** @throws Failure when `paxyo setup` has written nothing there. */
async function readInstallation(folder: string): Promise<{ choices: Choices; secrets: SetupSecrets }> {
  const text = await readIfPresent(join(folder, 'setup.json'))
  const existing = await existingVariables(folder)
  if (text === undefined || existing['JWT_SECRETS'] === undefined) {
    throw new Failure('usage', `${folder} has no setup.json and .env`, 'Run paxyo setup first, or name its --folder.')
  }
  const parsed = choicesSchema.safeParse(JSON.parse(text))
  if (!parsed.success) throw new Failure('usage', `${folder}/setup.json is damaged`, 'Run paxyo setup again.')
  return { choices: parsed.data, secrets: secretsOf(existing) }
}

/** The variables of a .env that is there; the webhook's token may be in providers.json. */
async function existingVariables(folder: string): Promise<Record<string, string>> {
  const env = parseVariables((await readIfPresent(join(folder, '.env'))) ?? '')
  const providers = await readIfPresent(join(folder, 'providers.json'))
  if (providers === undefined || env['WEBHOOK_TOKENS'] !== undefined) return env
  const [first] = JSON.parse(providers) as { readonly webhookTokens?: readonly string[] }[]
  const token = first?.webhookTokens?.[0]
  return token === undefined ? env : { ...env, WEBHOOK_TOKENS: token }
}
