import { readBuiltFiles, type BuiltFile } from '@paxyo/service-kit'

export type PageFile = BuiltFile

/** The languages of the page, which the build has written. */
export const LANGUAGES: readonly string[] = ['ar', 'de', 'en', 'es', 'fr', 'hi', 'id', 'pt', 'ru', 'tr']

let pageFiles: readonly PageFile[] | undefined

/** The files that `build.mjs` writes; read once, and thereby compressed once. */
export function readPageFiles(): readonly PageFile[] {
  pageFiles ??= readBuiltFiles(new URL('../../dist/files/', import.meta.url), 'node services/demo/build.mjs')
  return pageFiles
}

/** The page's HTML in a language. */
export const indexOf = (files: readonly PageFile[], language: string): string =>
  files.find(({ name }) => name === `index-${language}.html`)!.identity.toString()
