/** The script that pages load; `build.mjs` writes it. */
export const SCRIPT_FILE = new URL('../dist/paxyo.js', import.meta.url)
