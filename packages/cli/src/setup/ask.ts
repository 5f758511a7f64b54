import { createInterface } from 'node:readline/promises'
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
  const prompt = asksNothing ? undefined : createInterface({ input: process.stdin, output: process.stderr })
  try {
    for (const name of NAMES) {
      if (answers[name] !== undefined) continue
      const suggestion = suggestionFor(name, answers)
      const answer = prompt === undefined ? suggestion : await ask(prompt, cli, name, suggestion)
      if (answer === undefined) throw new Failure('usage', `${optionOf(name)} is missing`, `${QUESTIONS[name]}.`)
      answers[name] = answer
    }
  } finally {
    prompt?.close()
  }
  const parsed = answersSchema.safeParse(answers)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${optionOf(path[0] as keyof Answers)}: ${message}`)
  throw new Failure('usage', problems.join('\n'))
}

async function ask(
  prompt: ReturnType<typeof createInterface>,
  { signal }: Cli,
  name: keyof Answers,
  suggestion: string | undefined,
): Promise<string> {
  for (;;) {
    const text = await prompt.question(`${QUESTIONS[name]}${suggestion === undefined ? '' : ` [${suggestion}]`}: `, {
      signal,
    })
    const answer = text.trim() === '' ? suggestion : text.trim()
    const checked = answersSchema.shape[name].safeParse(answer)
    if (answer !== undefined && checked.success) return answer
    process.stderr.write(`  ${checked.error?.issues[0]?.message ?? 'An answer is needed.'}\n`)
  }
}

const optionOf = (name: keyof Answers): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
