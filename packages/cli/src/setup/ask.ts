import { createInterface } from 'node:readline'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { choicesSchema, QUESTIONS, suggestionFor, type Choices } from './choices.ts'

type Given = Partial<Record<keyof Choices, string>>

const NAMES = Object.keys(QUESTIONS) as (keyof Choices)[]

/**
 * Completes the given choices: with `--yes` by the suggestions, otherwise by questions on the terminal.
 *
 * @throws Failure that names each wrong choice, or the option that is missing.
 */
export async function completeChoices(cli: Cli, given: Given, asksNothing: boolean): Promise<Choices> {
  const choices: Given = { ...given }
  using prompt = asksNothing ? undefined : openPrompt(cli)
  for (const name of NAMES) {
    if (choices[name] !== undefined) continue
    const suggestion = suggestionFor(name, choices)
    const choice = prompt === undefined ? suggestion : await ask(prompt, cli, name, suggestion)
    if (choice === undefined) throw new Failure('usage', `${optionOf(name)} is missing`, `${QUESTIONS[name]}.`)
    choices[name] = choice
  }
  const parsed = choicesSchema.safeParse(choices)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${optionOf(path[0] as keyof Choices)}: ${message}`)
  throw new Failure('usage', problems.join('\n'))
}

interface Prompt extends Disposable {
  /** The next line of the input; undefined at its end. */
  nextLine(): Promise<string | undefined>
}

/** Lines are not lost when they arrive before their question, as from a pipe. */
function openPrompt({ isWatched }: Cli): Prompt {
  const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: isWatched })
  // On a terminal the reader gets Ctrl-C instead of the process.
  reader.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const lines = reader[Symbol.asyncIterator]()
  return {
    async nextLine() {
      const { done, value } = await lines.next()
      return done === true ? undefined : value
    },
    [Symbol.dispose]: () => reader.close(),
  }
}

async function ask(
  prompt: Prompt,
  cli: Cli,
  name: keyof Choices,
  suggestion: string | undefined,
): Promise<string | undefined> {
  for (;;) {
    cli.err(`${QUESTIONS[name]}${suggestion === undefined ? '' : ` [${suggestion}]`}: `)
    const line = await prompt.nextLine()
    if (line === undefined) throw new Failure('usage', 'the input ended before the last question', 'Or use --yes.')
    const choice = line.trim() === '' ? suggestion : line.trim()
    const checked = choicesSchema.shape[name].safeParse(choice)
    if (choice !== undefined && checked.success) return choice
    cli.err(`  ${checked.error?.issues[0]?.message ?? 'A value is needed.'}\n`)
  }
}

const optionOf = (name: keyof Choices): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
