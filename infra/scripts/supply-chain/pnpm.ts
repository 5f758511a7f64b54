/** As in `install.mjs`, which runs before TypeScript can be run. */
export const PNPM = 'pnpm@12.21.0'
