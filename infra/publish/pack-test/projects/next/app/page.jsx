import { Page } from './orders.jsx'

export default function Home() {
  return <Page />
}
