import { signal } from '@preact/signals'
import type { OperatorRole, Scope } from '@paxyo/panel-client'
import { ApiProblem, get, send, whenSignedOut } from './api.ts'

export interface Session {
  readonly operator: {
    readonly name: string
    readonly role: OperatorRole
    readonly refundLimit: string | null
    readonly hasTotp: boolean
  }
  readonly scopes: readonly Scope[]
  readonly environment: 'production' | 'development'
  readonly version: string
}

export interface Credentials {
  readonly name: string
  readonly password: string
  readonly code?: string
}

/** Undefined while it is read; null when the person has to sign in. */
export const session = signal<Session | null | undefined>(undefined)

/** Whether the operator's role allows it: what it does not allow is not on the page. */
export const can = (scope: Scope): boolean => session.value?.scopes.includes(scope) ?? false

const API = '/console/api'

export async function startSession(): Promise<void> {
  whenSignedOut(() => {
    session.value = null
  })
  await readSession()
}

export async function readSession(): Promise<void> {
  try {
    session.value = await get<Session>(`${API}/session`)
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) session.value = null
    else throw error
  }
}

export async function signIn(credentials: Credentials): Promise<void> {
  await send('POST', `${API}/sign-in`, { body: credentials })
  await readSession()
}

export async function acceptLink(link: string, credentials: Partial<Credentials>): Promise<void> {
  await send('POST', `${API}/accept-link`, { body: { link, ...credentials } })
  await readSession()
}

export async function signOut(isEverywhere: boolean): Promise<void> {
  await send('POST', `${API}/${isEverywhere ? 'sign-out-everywhere' : 'sign-out'}`)
  session.value = null
}
