/** Trust factors of Dice scores that the reader already has: paste or drop, and see the answer. */
import { useRef, useState } from "preact/hooks";
import type { Route } from "../../router";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { bytes } from "../../ui/numbers";
import { Head, ProblemBox } from "../../ui/parts";
import { Answer } from "./answer";
import { Mistake } from "./mistake";
import { type Scored, score } from "./score";
import "./trust.css";

/** Larger tables freeze a text field; the REST API takes them. */
const MOST_BYTES = 8_000_000;

const EXAMPLE = `case,set,region,dice
a,real,ET,0.91
a,synthetic,ET,0.90
b,real,ET,0.84
b,synthetic,ET,0.86
c,real,ET,0.88
c,synthetic,ET,0.83
d,real,ET,0.79
d,synthetic,ET,0.82
`;

export function Trust(_: { route: Route }) {
  const [text, setText] = useState("");
  const [said, setSaid] = useState<string>();
  const [scored, setScored] = useState<Scored>();
  const { run, busy, problem, forget } = useAction(async (sent: string) => {
    setScored(undefined);
    setScored(await score(sent));
  });
  const change = (value: string) => {
    setText(value);
    setSaid(undefined);
    forget();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim()) void run(text);
    else setSaid(texts.trust.none);
  };
  return (
    <>
      <Head title={texts.trust.title} />
      <p>{texts.trust.lead}</p>
      <form class="card" onSubmit={submit}>
        <Scores text={text} onText={change} onRefused={setSaid} />
        {said && (
          <p class="field-problem" role="alert">
            {said}
          </p>
        )}
        <div class="row">
          <button type="submit" class="main-button" disabled={busy}>
            {busy ? texts.trust.busy : texts.trust.submit}
          </button>
          <button type="button" onClick={() => change(EXAMPLE)}>
            {texts.trust.example}
          </button>
        </div>
      </form>
      {problem && <ProblemBox problem={problem} />}
      {problem && <Mistake problem={problem} text={text} />}
      {scored && <Answer scored={scored} />}
    </>
  );
}

interface ScoresProps {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onRefused: (reason: string) => void;
}

/** The text of the scores: typed, pasted, dropped or chosen. */
function Scores({ text, onText, onRefused }: ScoresProps) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > MOST_BYTES) onRefused(texts.trust.tooLarge(bytes(MOST_BYTES)));
    else onText(await file.text());
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer?.files[0]);
  };
  return (
    <div class="field">
      <label for="scores">{texts.trust.scores}</label>
      <textarea
        id="scores"
        class={over ? "scores scores-over" : "scores"}
        aria-describedby="scores-hint"
        rows={12}
        spellcheck={false}
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      />
      <p class="hint" id="scores-hint">
        {texts.trust.scoresHint}
      </p>
      <input
        ref={input}
        class="visually-hidden"
        type="file"
        accept=".csv,.tsv,.txt,.json"
        aria-label={texts.trust.choose}
        tabIndex={-1}
        onChange={(event) => void take(event.currentTarget.files?.[0])}
      />
      <button type="button" onClick={() => input.current?.click()}>
        {texts.trust.choose}
      </button>
    </div>
  );
}
