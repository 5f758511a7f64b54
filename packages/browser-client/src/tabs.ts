import type { OrderEvent } from '@paxyo/contracts'
import type { ConnectionStatus } from './api.ts'
import type { Connection } from './connection.ts'
import type { Snapshot, Stream } from './stream.ts'

export interface TabsDeps {
  readonly name: string
  readonly stream: Stream
  readonly connection: Connection
  onState(): void
}

export function canShare(): boolean {
  return false
}

export class Tabs {
  constructor(deps: TabsDeps) {
    void deps
  }
  readonly leaderStatus: ConnectionStatus | undefined
  join(): void {}
  leave(): void {}
  woke(): void {}
  connectionChanged(): void {}
  tellState(): void {}
  tellEvent(_epoch: string, _event: OrderEvent): void {}
  tellSnapshot(_snapshot: Snapshot): void {}
}
