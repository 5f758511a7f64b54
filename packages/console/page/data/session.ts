import { signal } from '@preact/signals'
import type { OperatorRole, Scope } from '@paxyo/panel-client'
import {
  startAuthentication,
  type AuthenticationResponseJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser'
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
  readonly passkey?: AuthenticationResponseJSON
}

/** Whom a single sign-on proxy names. */
export interface ProxyUser {
  readonly name: string
  readonly isOperator: boolean
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

/** How a person can sign in besides a password. */
export interface SignInWays {
  /** Null without a single sign-on proxy. */
  readonly proxyUser: ProxyUser | null
  readonly hasPasskeys: boolean
}

export const readSignInWays = (): Promise<SignInWays> => get<SignInWays>(`${API}/sign-in`)

/** A person who has signed out stays signed out until the page is loaded again. */
export const hasSignedOut = signal(false)

export async function signInByProxy(): Promise<void> {
  await send('POST', `${API}/sign-in/proxy`)
  await readSession()
}

/** Asks an authenticator of this device, or a connected one. */
export async function askPasskey(): Promise<AuthenticationResponseJSON> {
  const optionsJSON = await send<PublicKeyCredentialRequestOptionsJSON>('POST', `${API}/sign-in/challenge`)
  return startAuthentication({ optionsJSON })
}

export async function signInByPasskey(): Promise<void> {
  await send('POST', `${API}/sign-in/passkey`, { body: { passkey: await askPasskey() } })
  await readSession()
}

export async function acceptLink(link: string, credentials: Partial<Credentials>): Promise<void> {
  await send('POST', `${API}/accept-link`, { body: { link, ...credentials } })
  await readSession()
}

export async function signOut(isEverywhere: boolean): Promise<void> {
  await send('POST', `${API}/${isEverywhere ? 'sign-out-everywhere' : 'sign-out'}`)
  hasSignedOut.value = true
  session.value = null
}
