import { Problem } from "@/api/problem"
import { texts } from "@/i18n"

const t = texts(
  { given_up: "没有完成通行密钥操作，请重试。" },
  { given_up: "The passkey was not used. Please try again." },
)

type Json = Record<string, unknown>

/** Passkeys belong to a name: a page under a bare address cannot use them, nor can an older browser. */
export function canUsePasskeys(): boolean {
  const named = !/^[\d.]+$|:/.test(location.hostname)
  return named && isSecureContext && typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === "function"
}

/** Make a passkey as the server's options say. Throws `Problem`. */
export async function makePasskey(options: Json): Promise<Json> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as never)
  return spoken(() => navigator.credentials.create({ publicKey }))
}

/** Answer the server's challenge with a passkey. Throws `Problem`. */
export async function usePasskey(options: Json): Promise<Json> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as never)
  return spoken(() => navigator.credentials.get({ publicKey }))
}

async function spoken(act: () => Promise<Credential | null>): Promise<Json> {
  try {
    return ((await act()) as PublicKeyCredential).toJSON() as Json
  } catch (error) {
    // Cancelled, too late, or known to this authenticator already.
    if (error instanceof DOMException) throw new Problem("passkey_given_up", t.value.given_up)
    throw error
  }
}
