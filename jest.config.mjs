export default {
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{packages,services,infra}/**/test/**/*.test.ts'],
}
