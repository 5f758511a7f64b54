import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'

/**
 * Measures the CPU time of each file of tests, with all the processes that it starts, also those that leave its process tree
 * (PostgreSQL) or are killed (browsers). `TEST_CPU_REPORT=cpu.jsonl npm test` appends a line for each file:
 * `{"file":"infra/e2e/bank.e2e.test.ts","cpuSeconds":3.2,"seconds":4.1}`. It needs Linux, and root to make a control group
 * for each worker. The servers that all files share are in none of them.
 *
 * @returns a function that ends the measurement of a file.
 */
export function measureCpu(testPath, rootDir) {
  const report = process.env.TEST_CPU_REPORT
  if (!report) return () => {}
  join()
  const [cpuSeconds, startedMs] = [usedCpuSeconds(), performance.now()]
  return () => {
    const result = {
      file: relative(rootDir, testPath),
      cpuSeconds: rounded(usedCpuSeconds() - cpuSeconds),
      seconds: rounded((performance.now() - startedMs) / 1_000),
    }
    appendFileSync(report, `${JSON.stringify(result)}\n`)
  }
}

const rounded = (seconds) => Math.round(seconds * 100) / 100

const GROUP = `/sys/fs/cgroup/cpuacct/paxyo-test-${process.pid}`

/** Puts this worker, and thereby what it starts, into a group. */
function join() {
  mkdirSync(GROUP, { recursive: true })
  writeFileSync(`${GROUP}/cgroup.procs`, String(process.pid))
}

const usedCpuSeconds = () => Number(readFileSync(`${GROUP}/cpuacct.usage`, 'utf8')) / 1e9
