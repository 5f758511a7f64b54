import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow'

/** A command's output and environment. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  /** Results. */
  out(text: string): void
  /** Everything else: progress, notes, errors. */
  err(text: string): void
  /** Whether a person is watching the notes. */
  readonly isWatched: boolean
  /** Colours a result on a terminal. Node respects `NO_COLOR` and `FORCE_COLOR`. */
  style(style: Style, text: string): string
  styleErr(style: Style, text: string): string
}

export function processTerminal(
  { stdout, stderr, env }: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>,
  signal: AbortSignal,
): Terminal {
  const styleFor = (stream: Writable) => (style: Style, text: string) => styleText(style, text, { stream })
  return {
    env,
    signal,
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isWatched: stderr.isTTY,
    style: styleFor(stdout),
    styleErr: styleFor(stderr),
  }
}
