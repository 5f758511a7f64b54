export { findAccessibilityFaults, finishAnimations } from './accessibility-faults.ts'
export { allStarted } from './all-started.ts'
export { startApache, type Apache } from './apache.ts'
export { bundleProgram } from './bundle.ts'
export { checkOut, MIGRATED_BY_VARIABLE, ROOT, runPaxyo, type Checkout } from './checkout.ts'
export { startChaosProxy, type ChaosProxy } from './chaos-proxy.ts'
export type { Browser, BrowserContextOptions, Page } from 'playwright-core'
export { installMissing, provideProgram } from './debian-package.ts'
export { killTree, signalTree } from './process-tree.ts'
export { findChromium, launchChromium } from './chromium.ts'
export { launchFirefox, type Firefox, type FirefoxPage } from './firefox.ts'
export { startRawChromium, type RawChromium, type RawTab } from './raw-chromium.ts'
export { launchWebKit, type WebKit, type WebKitPage } from './webkit.ts'
export { eventually } from './eventually.ts'
export { freePort } from './free-port.ts'
export { keptFolder } from './kept-folder.ts'
export { renderKustomization } from './kustomize.ts'
export { ledgerViolations } from './ledger-violations.ts'
export { stayWithinOneDay } from './one-day.ts'
export { startMariaDb, type MariaDb } from './mariadb.ts'
export { createMigratedData, MIGRATED_PASSWORD } from './migrated-postgres.ts'
export { startProgram, type Program } from './program.ts'
export { amtool, startAlertmanager, type Alertmanager } from './alertmanager.ts'
export { promtool, startPrometheus, type Prometheus } from './prometheus.ts'
export {
  moveSlots,
  startRedisCluster,
  startRedisSentinels,
  type RedisSentinels,
  type RedisCluster,
  type RedisClusterOptions,
  type RedisServers,
} from './redis-cluster.ts'
export { providePhp, type PhpExtension } from './php.ts'
export { startPostgresPair, type PostgresPair, type Standby } from './postgres-pair.ts'
export { startPhpServer, type PhpServer } from './php-server.ts'
export { providePython } from './python-venv.ts'
export { startS3Server, type S3Server } from './s3-server.ts'
export { startRedisServer, type RedisServer } from './redis-server.ts'
export {
  hostEnvironment,
  SHORT_LIVED,
  startProcess,
  startService,
  type ServiceName,
  type ServiceProcess,
} from './service-process.ts'
export { administer, createTestDatabase, type TestDatabase } from './test-database.ts'
export { takeScreenshot } from './screenshot.ts'
export { sharedRedisUrl } from './shared-servers.ts'
export { startHostileNetwork, type HostileNetwork, type NetworkFaults } from './hostile-network.ts'
export type { TestInbox } from './test-inbox.ts'
export { createTestAuthority, type TestAuthority, type TestCertificate } from './test-certificates.ts'
export { createTestIssuer, type TestIssuer } from './test-issuer.ts'
export { connectSocket, type TestSocket } from './test-socket.ts'
export { connectStream, type ConnectStreamOptions, type TestStream } from './test-stream.ts'
export { mintToken, TEST_JWT_SECRET } from './token.ts'
