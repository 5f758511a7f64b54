import { render } from 'preact'
import { startRouter, place } from './data/router.ts'
import { session, startSession } from './data/session.ts'
import { startLanguage, t } from './kit/language.ts'
import { Page } from './pages/page.tsx'
import { SignIn } from './pages/sign-in.tsx'
import { Shell } from './shell/shell.tsx'

const App = () => {
  const current = session.value
  const link = /^link=([\w-]+)$/.exec(place.value.fragment)?.[1]
  if (link !== undefined) return <SignIn key={link} link={link} />
  if (current === undefined) return null
  if (current === null) return <SignIn />
  return (
    <Shell session={current}>
      <Page place={place.value} />
    </Shell>
  )
}

const root = document.getElementById('app')!
await startLanguage()
startRouter()
try {
  await startSession()
  render(<App />, root)
} catch {
  root.textContent = t('problem.unreachable')
}
