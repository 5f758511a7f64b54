import { furthest, type Stream } from './user-stream.ts'

/** Every event up to the seq was sent to this many connections of a user. */
export interface SentReport {
  readonly userId: string
  readonly epoch: string
  readonly seq: number
  readonly connections: number
  /** False for what a connection begins with. */
  readonly isLive: boolean
  /** By the clock of `performance.now`. */
  readonly at: number
}

/** Reports which events were sent, once for many. */
export interface SentReports {
  /** Events were offered to the listeners of a stream. Called for every event, so it only notes the time. */
  readonly mark: (stream: Stream) => void
  /** Reports a stream now, because its listeners are about to change. */
  report(stream: Stream): void
  /** Reports the streams of which events were sent since it was last called. */
  readonly reportAll: () => void
}

/** @param epoch of all streams; undefined before the first one has begun. */
export function createSentReports(
  epoch: () => string | undefined,
  onSent: ((sent: SentReport) => void) | undefined,
): SentReports {
  /** Streams of which events were sent since the last report. */
  const unreported: Stream[] = []

  function report(stream: Stream): void {
    const { userId, sentAt: at } = stream
    stream.sentAt = undefined
    const current = epoch()
    if (at === undefined || current === undefined) return
    const { seq, connections } = furthest(stream)
    if (connections > 0) onSent?.({ userId, epoch: current, seq, connections, isLive: true, at })
  }

  return {
    mark(stream) {
      if (stream.sentAt === undefined) unreported.push(stream)
      stream.sentAt = performance.now()
    },
    report,
    reportAll() {
      for (const stream of unreported.splice(0)) report(stream)
    },
  }
}
