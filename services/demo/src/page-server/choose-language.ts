/** Entries of an Accept-Language header that are read; browsers send few. */
const ENTRIES_MAX = 20

/**
 * The language of the page: the wanted one, or the first of the browser's that the page has, or English.
 *
 * @param accepted the Accept-Language header, such as `de-AT,de;q=0.9,en;q=0.8`.
 * @example
 * chooseLanguage(['de', 'en'], '', 'fr, de-AT;q=0.8') //=> 'de'
 */
export function chooseLanguage(languages: readonly string[], wanted: string, accepted = ''): string {
  if (languages.includes(wanted)) return wanted
  const found = accepted
    .split(',', ENTRIES_MAX)
    .map((entry) => {
      const [tag = '', quality = 'q=1'] = entry.split(';', 2).map((part) => part.trim())
      return { language: tag.split('-')[0]!.toLowerCase(), quality: Number(quality.replace('q=', '')) || 0 }
    })
    .filter(({ language, quality }) => quality > 0 && languages.includes(language))
    .toSorted((one, other) => other.quality - one.quality)
  return found[0]?.language ?? 'en'
}
