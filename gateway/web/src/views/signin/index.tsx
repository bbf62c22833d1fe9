/** Sign in with an API key. The key leaves the page with the request and is kept nowhere. */
import { useRef, useState } from "preact/hooks";
import { signIn } from "../../api/session";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { Field } from "../../ui/parts";
import "./signin.css";

export function SignIn() {
  const input = useRef<HTMLInputElement>(null);
  const [missing, setMissing] = useState(false);
  const { run, busy, problem } = useAction(signIn);
  const submit = async (event: Event) => {
    event.preventDefault();
    const key = input.current?.value.trim() ?? "";
    setMissing(!key);
    if (key) await run(key);
    if (input.current) {
      input.current.value = "";
      input.current.focus();
    }
  };
  const said = missing ? texts.signIn.none : problem?.message;
  return (
    <main class="sign-in">
      <img src="favicon.svg" alt="" width="48" height="48" />
      <h1>{texts.product.name}</h1>
      <p>{texts.product.claim}</p>
      <form onSubmit={submit}>
        <Field label={texts.signIn.key} hint={texts.signIn.keyHint} problem={said}>
          {(ids) => (
            <input {...ids} ref={input} type="password" autocomplete="off" spellcheck={false} />
          )}
        </Field>
        <button type="submit" class="main-button" disabled={busy}>
          {busy ? texts.signIn.busy : texts.signIn.submit}
        </button>
      </form>
      <p class="hint">{texts.signIn.kept}</p>
      <p class="hint">{texts.product.researchOnly}</p>
    </main>
  );
}
