/** A key that was just made. It leaves the page when the reader closes this box or the view. */
import { useState } from "preact/hooks";
import { texts } from "../../texts";

export function Issued({ text, onClose }: { text: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <section class="notice" aria-labelledby="issued">
      <h2 id="issued">{texts.admin.issuedTitle}</h2>
      <p>
        <code class="issued">{text}</code>
      </p>
      <p>{texts.admin.issued}</p>
      <div class="row">
        {/* Over plain http beyond this machine, a browser has no clipboard. */}
        {navigator.clipboard && (
          <button type="button" onClick={() => void copy()}>
            {copied ? texts.common.copied : texts.common.copy}
          </button>
        )}
        <button type="button" onClick={onClose}>
          {texts.common.close}
        </button>
      </div>
    </section>
  );
}
