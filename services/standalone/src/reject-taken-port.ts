import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Tries the port before the database is made, which takes seconds at the first start.
 *
 * @throws the error of `listen`.
 */
export async function rejectTakenPort(options: { readonly host: string; readonly port: number }): Promise<void> {
  const server = createServer().listen(options)
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}
