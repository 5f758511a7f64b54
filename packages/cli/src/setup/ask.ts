import { createInterface } from 'node:readline'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { answersSchema, QUESTIONS, suggestionFor, type Answers } from './answers.ts'

type Given = Partial<Record<keyof Answers, string>>

const NAMES = Object.keys(QUESTIONS) as (keyof Answers)[]

/**
 * Completes the given answers: with `--yes` by the suggestions, otherwise by questions on the terminal.
 *
 * @throws Failure that names each wrong answer, or the option that is missing.
 */
export async function completeAnswers(cli: Cli, given: Given, asksNothing: boolean): Promise<Answers> {
  const answers: Given = { ...given }
  using prompt = asksNothing ? undefined : openPrompt(cli)
  for (const name of NAMES) {
    if (answers[name] !== undefined) continue
    const suggestion = suggestionFor(name, answers)
    const answer = prompt === undefined ? suggestion : await ask(prompt, cli, name, suggestion)
    if (answer === undefined) throw new Failure('usage', `${optionOf(name)} is missing`, `${QUESTIONS[name]}.`)
    answers[name] = answer
  }
  const parsed = answersSchema.safeParse(answers)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${optionOf(path[0] as keyof Answers)}: ${message}`)
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
  name: keyof Answers,
  suggestion: string | undefined,
): Promise<string | undefined> {
  for (;;) {
    cli.err(`${QUESTIONS[name]}${suggestion === undefined ? '' : ` [${suggestion}]`}: `)
    const line = await prompt.nextLine()
    if (line === undefined) throw new Failure('usage', 'the input ended before the last answer', 'Or use --yes.')
    const answer = line.trim() === '' ? suggestion : line.trim()
    const checked = answersSchema.shape[name].safeParse(answer)
    if (answer !== undefined && checked.success) return answer
    cli.err(`  ${checked.error?.issues[0]?.message ?? 'An answer is needed.'}\n`)
  }
}

const optionOf = (name: keyof Answers): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
