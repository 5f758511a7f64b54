import { isPageHidden } from './page.ts'

export interface LeaderWatchDeps {
  /** Asks the leader, after which `asked` is to be called. */
  readonly ask: () => void
  /** The leader did not respond, several times in a row. */
  readonly onSilent: () => void
}

/** Notices, in another tab, that the leading one does not respond. */
export interface LeaderWatch {
  /** The leader has been asked, and has to respond soon. */
  asked(): void
  /** The leader has sent something. */
  received(): void
  stop(): void
}

/** A busy tab may respond late once. */
const RESPONSE_TIMEOUT_MS = 1_000
const TIMEOUTS_MAX = 2
/** The server pings more often than this, and the leader broadcasts its state at each ping. */
const SILENCE_MS_MAX = 65_000
/** Some browsers suspend a leader in the background without an event. A tab that is looked at asks so often. */
const SILENCE_VISIBLE_MS_MAX = 5_000

export function watchLeader({ ask, onSilent }: LeaderWatchDeps): LeaderWatch {
  let timeouts = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function waitFor(timeoutMs: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      timeouts += 1
      if (timeouts > TIMEOUTS_MAX) onSilent()
      else ask()
    }, timeoutMs)
  }

  return {
    asked: () => waitFor(RESPONSE_TIMEOUT_MS),
    received() {
      timeouts = 0
      waitFor(isPageHidden() ? SILENCE_MS_MAX : SILENCE_VISIBLE_MS_MAX)
    },
    stop() {
      timeouts = 0
      clearTimeout(timer)
    },
  }
}
