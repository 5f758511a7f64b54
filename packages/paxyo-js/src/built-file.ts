/** The script as pages load it, once `build.mjs` has written it. */
export const SCRIPT_FILE = new URL('../dist/paxyo.js', import.meta.url)
