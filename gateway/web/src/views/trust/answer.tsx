/** The answer as the API's own page, framed: it has no scripts, and the frame allows none. */
import { useRef } from "preact/hooks";
import { texts } from "../../texts";
import { save } from "../../ui/save";
import type { Scored } from "./score";

export function Answer({ scored }: { scored: Scored }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const fit = () => {
    const height = frame.current?.contentDocument?.documentElement.scrollHeight;
    if (frame.current && height) frame.current.style.height = `${height + 24}px`;
  };
  return (
    <section class="card" aria-labelledby="answer">
      <div class="row">
        <h2 id="answer">{texts.trust.answer}</h2>
        <button
          type="button"
          onClick={() =>
            save("trust-score.json", new Blob([scored.json], { type: "application/json" }))
          }
        >
          {texts.trust.saveJson}
        </button>
        <button
          type="button"
          onClick={() => save("trust-score.html", new Blob([scored.page], { type: "text/html" }))}
        >
          {texts.trust.savePage}
        </button>
      </div>
      <iframe
        ref={frame}
        class="trust-answer"
        title={texts.trust.answerFrame}
        sandbox="allow-same-origin"
        srcdoc={scored.page}
        onLoad={fit}
      />
    </section>
  );
}
