import { crc32 } from 'node:zlib'

/** A part of a PNG: a length, a type of four letters, the data, and a checksum. */
export interface Chunk {
  readonly type: string
  readonly data: Buffer
}

const SIGNATURE = Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1')

/**
 * Joins PNGs of the same size to one that moves and repeats: https://www.w3.org/TR/png-3/#apng-frame-based-animation. A viewer that
 * cannot show it shows the first frame.
 *
 * @param delaysMs how long each frame is shown.
 */
export function toAnimatedPng(frames: readonly Buffer[], delaysMs: readonly number[]): Buffer {
  const header = headerOf(frames[0]!)
  const chunks: Chunk[] = [
    { type: 'IHDR', data: header },
    { type: 'acTL', data: uint32s(frames.length, 0) },
  ]
  let sequence = 0
  for (const [index, frame] of frames.entries()) {
    if (!headerOf(frame).equals(header)) throw new Error('the frames differ in their size or colors')
    const pixels = Buffer.concat(readChunks(frame).flatMap(({ type, data }) => (type === 'IDAT' ? [data] : [])))
    const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
    const delay = Buffer.alloc(6)
    delay.writeUInt16BE(delaysMs[index]!, 0)
    delay.writeUInt16BE(1_000, 2)
    chunks.push({ type: 'fcTL', data: Buffer.concat([uint32s(sequence++, width, height, 0, 0), delay]) })
    if (index === 0) chunks.push({ type: 'IDAT', data: pixels })
    else chunks.push({ type: 'fdAT', data: Buffer.concat([uint32s(sequence++), pixels]) })
  }
  chunks.push({ type: 'IEND', data: Buffer.alloc(0) })
  return Buffer.concat([SIGNATURE, ...chunks.map(toBytes)])
}

export function readChunks(png: Buffer): Chunk[] {
  const chunks: Chunk[] = []
  for (let at = SIGNATURE.length; at < png.length;) {
    const dataAt = at + 8
    const end = dataAt + png.readUInt32BE(at)
    chunks.push({ type: png.toString('latin1', at + 4, dataAt), data: png.subarray(dataAt, end) })
    at = end + 4
  }
  return chunks
}

const headerOf = (png: Buffer): Buffer => readChunks(png)[0]!.data

function toBytes({ type, data }: Chunk): Buffer {
  const checked = Buffer.concat([Buffer.from(type, 'latin1'), data])
  return Buffer.concat([uint32s(data.length), checked, uint32s(crc32(checked))])
}

function uint32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}
