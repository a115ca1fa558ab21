/*
 * Passkeys: has the person's authenticator sign a challenge (W3C Web Authentication), and writes what it made as
 * src/record/approval.h has it. What is verified, by the tower and again by every effector, is in src/record/passkey.h.
 */
import type { Assertion } from "../generated/api";
import { type Bytes, base64, base64url, fromBase64url, sha256, utf8 } from "./bytes";

const ASK_MS = 120_000;

/** The passkey was not used: cancelled, none fits, or the browser cannot. */
export class PasskeyUnused extends Error {}

export async function passkeySign(challenge: string, relyingParty: string): Promise<Assertion> {
	const bytes = fromBase64url(challenge);
	if (bytes === null || !window.isSecureContext || navigator.credentials === undefined) throw new PasskeyUnused();
	let made: Credential | null;
	try {
		made = await navigator.credentials.get({
			publicKey: { challenge: bytes, rpId: relyingParty, userVerification: "required", timeout: ASK_MS },
		});
	} catch {
		throw new PasskeyUnused();
	}
	if (!(made instanceof PublicKeyCredential)) throw new PasskeyUnused();
	const response = made.response as AuthenticatorAssertionResponse;
	const text = (part: ArrayBuffer): string => base64(new Uint8Array(part) as Bytes);
	return { authenticator_data: text(response.authenticatorData), client_data: text(response.clientDataJSON), signature: text(response.signature) };
}

/** Whether a challenge is that of a document: the page does not sign what it does not show. */
export async function challengeFits(document: string, challenge: string): Promise<boolean> {
	return base64url(await sha256(utf8(`${document}\n`))) === challenge;
}
