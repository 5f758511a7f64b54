import { runBenches, UsageError } from './run-benches.ts'

// npm run bench [name …] [-- options]

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

try {
  await runBenches(process.argv.slice(2), (text) => process.stdout.write(text))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
