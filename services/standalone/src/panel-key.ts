import { createKysely, hashApiKey, readRevokedHashes } from '@paxyo/database'
import pg from 'pg'
import { renewPanelKey, type GeneratedSecrets } from './generated-secrets.ts'

export interface PanelKeyOptions {
  /** Of the database's owner. */
  readonly url: string
  readonly dataDir: string
  readonly generated: GeneratedSecrets
}

/** The generated secrets, with a new panel key if the one before was revoked. */
export async function withPanelKeyInForce({ url, dataDir, generated }: PanelKeyOptions): Promise<GeneratedSecrets> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  pool.on('error', () => undefined)
  const db = createKysely(pool)
  try {
    const revoked = await readRevokedHashes(db)
    const hash = hashApiKey(generated.panelKey)
    return revoked.some((one) => one.equals(hash)) ? await renewPanelKey(dataDir, generated) : generated
  } finally {
    await db.destroy()
  }
}
