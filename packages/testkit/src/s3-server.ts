import { dirname, join } from 'node:path'
import { freePort } from './free-port.ts'
import { startProgram } from './program.ts'
import { createPythonVenv } from './python-venv.ts'

/** A separate S3-compatible store, which verifies signatures and rights. It forgets everything at its end. */
export interface S3Server extends AsyncDisposable {
  /** Its port on 127.0.0.1. */
  readonly port: number
  readonly bucket: string
  /** A key that may list the bucket, and read and write its objects. */
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const BUCKET = 'paxyo'
const USER = 'paxyo'
const RIGHTS = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${BUCKET}` },
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
      Resource: `arn:aws:s3:::${BUCKET}/*`,
    },
  ],
}

/** The requests that create the bucket and the key; after that many the server verifies signatures. */
const REQUESTS_WITHOUT_KEY = 4

/** Starts Moto, from PyPI. */
export async function startS3Server(): Promise<S3Server> {
  const venv = createPythonVenv('moto[s3]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.2')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  try {
    const program = join(dirname(venv.python), 'moto_server')
    const server = await startProgram(program, ['--host', '127.0.0.1', '--port', `${port}`], {
      env: { INITIAL_NO_AUTH_ACTION_COUNT: `${REQUESTS_WITHOUT_KEY}`, PATH: process.env['PATH'] },
      isReady: async () => (await fetch(`${url}/moto-api/data.json`)).ok,
    })
    await send(url, 'CreateUser')
    const key = await send(url, 'CreateAccessKey')
    await send(url, 'PutUserPolicy', { PolicyName: 'archive', PolicyDocument: JSON.stringify(RIGHTS) })
    await responseOf(fetch(`${url}/${BUCKET}`, { method: 'PUT' }))
    return {
      port,
      bucket: BUCKET,
      accessKeyId: valueOf(key, 'AccessKeyId'),
      secretAccessKey: valueOf(key, 'SecretAccessKey'),
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]()
        venv[Symbol.dispose]()
      },
    }
  } catch (error) {
    venv[Symbol.dispose]()
    throw error
  }
}

/** Sends a request to IAM, which the server recognizes by the scope of a signature that it does not verify yet. */
function send(url: string, Action: string, parameters: Readonly<Record<string, string>> = {}): Promise<string> {
  return responseOf(
    fetch(url, {
      method: 'POST',
      headers: {
        authorization:
          'AWS4-HMAC-SHA256 Credential=none/20240101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none',
      },
      body: new URLSearchParams({ Action, Version: '2010-05-08', UserName: USER, ...parameters }),
    }),
  )
}

async function responseOf(sent: Promise<Response>): Promise<string> {
  const response = await sent
  const text = await response.text()
  if (!response.ok) throw new Error(`the S3 server responded ${response.status}: ${text}`)
  return text
}

const valueOf = (xml: string, name: string): string => new RegExp(`<${name}>([^<]+)<`).exec(xml)![1]!
