import pg from 'pg'

/**
 * Sends the statements of one turn of the event loop together. Otherwise pg writes each of them to the socket separately, and
 * each write wakes the server for a single statement.
 */
export class PipelinedClient extends pg.Client {
  override query(...args: never[]): never {
    const { stream } = this.connection
    if (stream.writableCorked === 0) {
      stream.cork()
      process.nextTick(() => stream.uncork())
    }
    return super.query(...(args as unknown as [string])) as never
  }
}
