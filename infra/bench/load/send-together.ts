import type { Socket } from 'node:net'

/** @returns a function to call before each write: what is written in one turn of the event loop is sent together. */
export function sendTogether(socket: Socket): () => void {
  let isCorked = false
  const uncork = (): void => {
    isCorked = false
    socket.uncork()
  }
  return () => {
    if (isCorked) return
    isCorked = true
    socket.cork()
    process.nextTick(uncork)
  }
}
