/** The script as pages load it, once `drop-in/build.mjs` has written it. */
export const DROP_IN_FILE = new URL('./dist/paxyo.js', import.meta.url)
