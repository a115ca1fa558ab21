/*
 * Passkeys: has the person's authenticator sign a challenge (W3C Web Authentication), and writes what it made as
 * src/record/approval.h has it. What is verified, by the tower and again by every effector, is in src/record/passkey.h.
 */
import type { Assertion } from "../generated/api";
import { type Bytes, base64, base64url, fromBase64url, sha256, utf8 } from "./bytes";

const ASK_MS = 120_000;
const ES256 = -7; /* of the registry of COSE algorithms */
const SPKI_BYTES = 91; /* of a P-256 key (RFC 5480), whose point comes last */
const POINT_BYTES = 64;

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

/**
 * Makes a passkey for somebody and hands out its point (x and y of P-256, base64), as a policy has it. The authenticator is asked for
 * no attestation: whoever reads the point from this page believes the page.
 */
export async function passkeyMake(relyingParty: string, name: string): Promise<string> {
	if (!window.isSecureContext || navigator.credentials === undefined) throw new PasskeyUnused();
	let made: Credential | null;
	try {
		made = await navigator.credentials.create({
			publicKey: {
				challenge: crypto.getRandomValues(new Uint8Array(32)), rp: { id: relyingParty, name: "Hinomi" }, user: { id: utf8(name), name, displayName: name },
				pubKeyCredParams: [{ type: "public-key", alg: ES256 }], authenticatorSelection: { residentKey: "required", userVerification: "required" }, attestation: "none", timeout: ASK_MS,
			},
		});
	} catch {
		throw new PasskeyUnused();
	}
	const key = made instanceof PublicKeyCredential ? (made.response as AuthenticatorAttestationResponse).getPublicKey() : null;
	if (key === null || key.byteLength !== SPKI_BYTES) throw new PasskeyUnused();
	return base64(new Uint8Array(key).slice(-POINT_BYTES) as Bytes);
}

/** Whether a challenge is that of a document: the page does not sign what it does not show. */
export async function challengeFits(document: string, challenge: string): Promise<boolean> {
	return base64url(await sha256(utf8(`${document}\n`))) === challenge;
}
