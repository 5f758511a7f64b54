import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXAMPLE, runPhp } from './php-panel.ts'

const PACKAGE = join(EXAMPLE, '../../../packages/php')

/** Writes the files that the README of the package prints into a folder, where the package is, too. */
export function writeReadmeFiles(folder: string): readonly string[] {
  const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8')
  const files = [...readme.matchAll(/^```php (\S+)\n([^]*?)^```$/gm)].map(([, name, text]) => ({
    name: name!,
    text: text!,
  }))
  for (const { name, text } of files) writeFileSync(join(folder, name), text)
  symlinkSync(PACKAGE, join(folder, 'paxyo'))
  return files.map(({ name }) => name)
}

/** Runs statements in the panel's database, and returns the rows of the last one. */
export async function queryPanel(env: Readonly<Record<string, string>>, ...statements: string[]): Promise<unknown[]> {
  const code = `$db = new PDO(getenv('PANEL_DB'), null, null, [PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_NUM]);
    foreach (json_decode($argv[1]) as $statement) { $rows = $db->query($statement)->fetchAll(); }
    echo json_encode($rows);`
  return JSON.parse(await runPhp(['-r', code, JSON.stringify(statements)], env)) as unknown[]
}
