export function sharedPostgresUrl(): string {
  return required('PAXYO_TEST_POSTGRES_URL')
}

export function sharedRedisUrl(): string {
  return required('PAXYO_TEST_REDIS_URL')
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: run the tests by npm test`)
  return value
}
