import { expect, test } from '@jest/globals'
import { Readable } from 'node:stream'
import { parseMysqlText, type Row } from '../../src/import/mysql-text.ts'

/** Cut into pieces of every size, as a disk or a pipe may. */
async function parse(text: string, delimiter: '\t' | ',', chunkBytes = 3): Promise<Row[]> {
  const bytes = Buffer.from(text)
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  )
  return (await Readable.from(chunks).pipe(parseMysqlText(delimiter)).toArray()) as Row[]
}

test.each([1, 2, 3, 64])('mysqldump --tab, in pieces of %s bytes', async (chunkBytes) => {
  const text = '1\tGrüße\t\\N\tone\\ttwo\ta\\\tb\n2\t\t\\\\N\tC:\\\\x\tline\\\nbreak\\nand\\0\n'
  expect(await parse(text, '\t', chunkBytes)).toEqual([
    ['1', 'Grüße', null, 'one\ttwo', 'a\tb'],
    ['2', '', '\\N', 'C:\\x', 'line\nbreak\nand\0'],
  ])
})

test('SELECT … INTO OUTFILE with commas and optional quotes', async () => {
  expect(await parse('1,"say \\"hi\\", you",\\N,2.5\n2,"",a "b" c,"x\ny"\n', ',')).toEqual([
    ['1', 'say "hi", you', null, '2.5'],
    ['2', '', 'a "b" c', 'x\ny'],
  ])
})

test('a last row without a line feed', async () => {
  expect(await parse('1\ta\n2\tb', '\t')).toEqual([
    ['1', 'a'],
    ['2', 'b'],
  ])
  expect(await parse('', '\t')).toEqual([])
})

test('a row without an end is rejected before it fills the memory', async () => {
  const endless = 'x'.repeat(1024 * 1024 + 1)
  await expect(parse(endless, '\t', 65_536)).rejects.toThrow('is the format right?')
})
