// What `import … from '@jest/globals'` gives to a file of tests: see jest-runtime.mjs.
export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } =
  globalThis[Symbol.for('paxyo.jest.globals')]
