export type SimulatorErrorCode = 'unknown_order' | 'order_exists' | 'order_closed' | 'too_many_orders' | 'invalid_order'

/** A command that the simulator refuses; nothing has changed then. */
export class SimulatorError extends Error {
  readonly code: SimulatorErrorCode

  constructor(code: SimulatorErrorCode, message: string) {
    super(message)
    this.name = 'SimulatorError'
    this.code = code
  }
}
