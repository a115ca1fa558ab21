/* Who are you: a passkey, or an API token that is traded for a cookie and then forgotten. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Challenge, Session } from "../generated/api";
import { Refusal, send, sessionTake } from "./api";
import { Icon } from "./icons";
import { say } from "./language";
import { refusalWords } from "./parts";
import { PasskeyUnused, passkeySign } from "./passkey";

function problemWords(error: unknown): string {
	if (error instanceof PasskeyUnused) return say("passkey_unused");
	if (!(error instanceof Refusal)) return say("problem_gone");
	return error.status === 401 ? say("sign_in_wrong") : refusalWords(error);
}

export function SignIn(): JSX.Element {
	const [name, setName] = useState("");
	const [token, setToken] = useState("");
	const [isBusy, setBusy] = useState(false);
	const [problem, setProblem] = useState("");
	const attempt = async (what: () => Promise<Session>): Promise<void> => {
		setBusy(true);
		setProblem("");
		try {
			sessionTake(await what());
		} catch (error) {
			setProblem(problemWords(error));
		}
		setBusy(false);
	};
	const byToken = (): Promise<Session> => send<Session>("POST", "/session", { token: token.trim() });
	const byPasskey = async (): Promise<Session> => {
		const { challenge, relying_party } = await send<Challenge>("POST", "/session/passkey/begin");
		return send<Session>("POST", "/session/passkey/finish", { name: name.trim(), challenge, webauthn: await passkeySign(challenge, relying_party) });
	};
	return (
		<div class="sign-in">
			<h1 tabIndex={-1}>{say("sign_in")}</h1>
			<p class="lead">{say("sign_in_words")}</p>
			<form class="card stack" onSubmit={(event) => { event.preventDefault(); void attempt(byPasskey); }}>
				<h2>{say("by_passkey")}</h2>
				<label class="field"><span>{say("account")}</span><input name="account" autocomplete="username webauthn" value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
				<button class="primary" disabled={isBusy || name.trim() === ""}><Icon name="key" />{say("use_passkey")}</button>
			</form>
			<form class="card stack" onSubmit={(event) => { event.preventDefault(); void attempt(byToken); }}>
				<h2>{say("by_token")}</h2>
				<label class="field"><span>{say("token")}</span><input name="token" type="password" autocomplete="current-password" value={token} onInput={(event) => setToken(event.currentTarget.value)} /></label>
				<button disabled={isBusy || token.trim() === ""}>{say("use_token")}</button>
			</form>
			<div role="alert">{problem !== "" && <p class="problem"><Icon name="alarm" />{problem}</p>}</div>
		</div>
	);
}
