export type TextStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const FORGETFUL: TextStore = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined }

/** A browser that forbids storage throws; then nothing is stored. */
export function storeOf(name: 'localStorage' | 'sessionStorage'): TextStore {
  try {
    return globalThis[name]
  } catch {
    return FORGETFUL
  }
}
