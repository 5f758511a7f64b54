export type TextStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const FORGETFUL: TextStore = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined }

/** Where a browser forbids storage, which it says by throwing, nothing outlives the page. */
export function storeOf(name: 'localStorage' | 'sessionStorage'): TextStore {
  try {
    return globalThis[name]
  } catch {
    return FORGETFUL
  }
}
