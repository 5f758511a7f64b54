import { runBenches } from './run-benches.ts'

// npm run bench [name …] [-- options]

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

await runBenches(process.argv.slice(2), (text) => process.stdout.write(text))
