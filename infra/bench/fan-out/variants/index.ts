import type { FanOutVariant } from './variant.ts'
import { centrifugo } from './centrifugo.ts'
import { centrifugoStream } from './centrifugo-stream.ts'
import { nchan } from './nchan.ts'
import { socketIo } from './socket-io.ts'
import { plainWs } from './plain-ws.ts'
import { postStream, wsGateway } from './ws-gateway.ts'

/** By name. A new baseline is one more file and one more line. */
export const FAN_OUT_VARIANTS: ReadonlyMap<string, FanOutVariant> = new Map(
  [
    wsGateway,
    postStream,
    plainWs,
    socketIo,
    ...withProgram('CENTRIFUGO', centrifugo),
    ...withProgram('CENTRIFUGO', centrifugoStream),
    ...withProgram('NCHAN', nchan),
  ].map((variant) => [variant.name, variant]),
)

/** A variant whose program is not one of our packages: an environment variable names it. */
function withProgram(variable: string, variant: FanOutVariant): FanOutVariant[] {
  return process.env[variable] === undefined ? [] : [variant]
}
