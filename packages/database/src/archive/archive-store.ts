/** Where the files of the archive are: a folder, or a bucket. */
export interface ArchiveStore extends Disposable {
  /** The place as people write it, without credentials: `/mnt/archive`, `s3://bucket/prefix`. */
  readonly place: string
  /** The names of all files, in any order. */
  list(): Promise<string[]>
  /**
   * Writes a file whole or not at all, also when the process is killed meanwhile. It replaces the file of this name.
   *
   * @throws an error of `bytes` as it is.
   */
  write(name: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>
  read(name: string): AsyncIterable<Uint8Array>
}

/** The store failed, not the database; `cause` is its error. */
export class ArchiveStoreError extends Error {
  override readonly name = 'ArchiveStoreError'

  constructor(place: string, cause: unknown) {
    super(`the archive ${place}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** A file of the archive is not the one that was written. */
export class ArchiveDamagedError extends Error {
  override readonly name = 'ArchiveDamagedError'
}
