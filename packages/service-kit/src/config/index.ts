export { commonVariables, ConfigError, env, loadConfig, valueOf, weakVariables } from './load-config.ts'
export { redisOptions, redisProblems, redisVariables } from './redis-config.ts'
export { weakSecrets } from './secret-strength.ts'
