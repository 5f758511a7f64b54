import type { FanOutVariant } from './variant.ts'
import { centrifugo } from './centrifugo.ts'
import { socketIo } from './socket-io.ts'
import { plainWs } from './plain-ws.ts'
import { postStream, wsGateway } from './ws-gateway.ts'

/** By name. A new baseline is one more file and one more line. */
export const FAN_OUT_VARIANTS: ReadonlyMap<string, FanOutVariant> = new Map(
  [wsGateway, postStream, plainWs, socketIo, ...(process.env['CENTRIFUGO'] === undefined ? [] : [centrifugo])].map(
    (variant) => [variant.name, variant],
  ),
)
