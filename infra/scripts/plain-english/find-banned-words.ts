import { ALLOWED, EXCLUDED } from './allowed.ts'
import { BANNED_WORDS } from './banned-words.ts'

/** A banned word in a file. */
export interface Violation {
  readonly path: string
  /** From 1; 0 is the path itself. */
  readonly line: number
  readonly text: string
  readonly instead: string
}

/** A line break may continue a comment or a quotation: `// …`, ` * …`, `# …`, `> …`. */
const LINE_BREAK = String.raw`[ \t]*\n[ \t]*(?:\*|//+|#+|>)?[ \t]*`
const ANY_SEPARATOR = `(?:[ _-]|${LINE_BREAK}|)`
const JOINER = '[_-]?'

/** Between the parts of an identifier: `webhookRefused`, and `HTTPRefused`, where the last capital begins a part. */
const BETWEEN_PARTS = '(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])'

function compile(phrase: string): RegExp {
  // Letter by letter, because the boundaries depend on case: a flag would apply to them too.
  const letters = phrase.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
  const parts = letters.replaceAll('-', '\0').replaceAll(' ', ANY_SEPARATOR).replaceAll('\0', JOINER)
  return new RegExp(`(?:(?<![A-Za-z])|${BETWEEN_PARTS})(?:${parts})(?:(?![A-Za-z])|${BETWEEN_PARTS})`, 'g')
}

const COMPILED = BANNED_WORDS.map(({ phrase, instead, only }) => ({ pattern: compile(phrase), instead, only }))

/** "Who keeps the cursor …" and "what was stored is …", where a noun belongs; questions are none. */
const FREE_RELATIVES: readonly RegExp[] = [
  /(?<=^|[.:;] |\| |\/\/ |\* )Who [a-z]+[^.?|]*(?=[.|:;]|$)/gm,
  /(?<=\b(?:so|because|then|than|unless) )who (?!would|could|can)[a-z]+s\b/g,
  /(?<=^|[.:;] |\| |\/\/ |\* )What (?=[^.?|]*\b(?:is|are|was|were|has|have|can|may|must|will)\b[^.?|]*\b(?:is|are|was|were|has|have|can|may|must|will)\b)[a-z]+[^.?|]*(?=[.|]|$)/gm,
]
const NAME_IT = 'name the actor or the thing: "A client that …", "Deliveries that …"'

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

/** Titles of tests keep their voice. */
const TEST_TITLE = /\b(?:test|describe|it)(?:\.\w+)*(?:\((?:[^()]|\([^()]*\))*\))?\(\s*(['"`])(?:\\.|(?!\1)[^\\])*\1/g

function readable(path: string, text: string): string {
  let rest = path.includes('.test.ts') ? text.replaceAll(TEST_TITLE, blank) : text
  for (const allowed of ALLOWED) {
    if (allowed.in?.some((prefix) => path.startsWith(prefix)) ?? true) rest = rest.replaceAll(allowed.text, blank)
  }
  return rest
}

export const isExcluded = (path: string): boolean => EXCLUDED.some((excluded) => excluded.path.test(path))

/**
 * Finds the banned words of a file, in its path too: in prose, and as parts of identifiers in camelCase, snake_case and
 * kebab-case.
 */
export function findBannedWords(path: string, text: string): Violation[] {
  const rest = readable(path, text)
  const name = readable(path, path)
  const violations: Violation[] = []
  const violation = (source: string, index: number, length: number, instead: string): Violation => ({
    path,
    line: source === name ? 0 : source.slice(0, index).split('\n').length,
    text: source.slice(index, index + length).replaceAll(/\s+/g, ' '),
    instead,
  })
  for (const { pattern, instead, only } of COMPILED) {
    if (only !== undefined && !only.some((prefix) => path.startsWith(prefix))) continue
    for (const source of [name, rest]) {
      for (const { 0: found, index } of source.matchAll(pattern)) {
        violations.push(violation(source, index, found.length, instead))
      }
    }
  }
  for (const pattern of FREE_RELATIVES) {
    for (const { 0: found, index } of rest.matchAll(pattern)) {
      violations.push(violation(rest, index, Math.min(found.length, 40), NAME_IT))
    }
  }
  return violations.toSorted((one, other) => one.line - other.line)
}

export const describeViolation = ({ path, line, text, instead }: Violation): string =>
  `${path}${line === 0 ? '' : `:${line}`}: "${text}" → ${instead}`
