import type { Terminal } from '../terminal.ts'

/** Shows the progress of long work, on a terminal only. */
export interface Progress {
  /** @param part the fraction that is done, from 0 to 1, when it is known */
  update(done: number, part?: number): void
  /** Removes the bar. */
  end(): void
}

const INTERVAL_MS = 100
const WIDTH = 24

/** @param unit of the count, such as `rows` */
export function startProgress(
  terminal: Pick<Terminal, 'isWatched' | 'err'>,
  label: string,
  unit: string,
  now: () => number = () => performance.now(),
): Progress {
  if (!terminal.isWatched) return { update: () => undefined, end: () => undefined }
  const startedAt = now()
  let drawnAt = -Infinity
  return {
    update(done, part) {
      if (now() - drawnAt < INTERVAL_MS) return
      drawnAt = now()
      const perSecond = Math.round((done * 1000) / Math.max(1, drawnAt - startedAt))
      const bar = part === undefined ? '' : ` ${drawBar(Math.min(1, part))}`
      terminal.err(
        `\r\u001B[2K${label}${bar} ${done.toLocaleString('en')} ${unit}, ${perSecond.toLocaleString('en')}/s`,
      )
    },
    end: () => terminal.err('\r\u001B[2K'),
  }
}

function drawBar(part: number): string {
  const full = Math.round(part * WIDTH)
  return `[${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}] ${Math.floor(part * 100)} %`
}
