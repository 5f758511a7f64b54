import { hrefOf } from '../data/router.ts'
import { t } from '../kit/language.ts'

const PAGES = { order: 'orders', account: 'users', review: 'reviews' } as const

/** The subject of an outgoing webhook, such as `order A-1`; an id may contain spaces. */
function parseSubject(subject: string): { readonly kind: keyof typeof PAGES; readonly id: string } | undefined {
  const [kind = ''] = subject.split(' ', 1)
  return kind in PAGES ? { kind: kind as keyof typeof PAGES, id: subject.slice(kind.length + 1) } : undefined
}

/** `Order A-1`, in the page's language. */
export function subjectText(subject: string): string {
  const parsed = parseSubject(subject)
  return parsed === undefined ? subject : t(`subject.${parsed.kind}`, { id: parsed.id })
}

/** A link to the subject of an outgoing webhook. */
export const Subject = ({ subject }: { subject: string }) => {
  const parsed = parseSubject(subject)
  if (parsed === undefined) return <bdi>{subject}</bdi>
  return (
    <a href={hrefOf(PAGES[parsed.kind], parsed.id)}>
      <bdi>{subjectText(subject)}</bdi>
    </a>
  )
}
