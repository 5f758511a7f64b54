import { throttledAddress } from '@paxyo/service-kit'
import type { FastifyRequest } from 'fastify'

/**
 * The address for which a failed sign-in counts. Behind a proxy that `TRUST_PROXY` does not name, it is that of the proxy: its
 * clients must wait together, because passwords can be guessed.
 */
export const senderAddress = (request: FastifyRequest): string | undefined =>
  throttledAddress(request) ?? request.socket.remoteAddress
