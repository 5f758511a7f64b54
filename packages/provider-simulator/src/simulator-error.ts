export type SimulatorErrorCode = 'unknown_order' | 'order_exists' | 'order_closed' | 'too_many_orders' | 'invalid_order'

/** The simulator has rejected a command; nothing has changed. */
export class SimulatorError extends Error {
  readonly code: SimulatorErrorCode

  constructor(code: SimulatorErrorCode, message: string) {
    super(message)
    this.name = 'SimulatorError'
    this.code = code
  }
}
