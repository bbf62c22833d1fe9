/** The keys of the viewer. */
import type { RefObject } from "preact";
import { texts } from "../../texts";

export function Help({ at }: { at: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog ref={at} aria-label={texts.viewer.keysTitle}>
      <h2>{texts.viewer.keysTitle}</h2>
      <p>{texts.viewer.keysHint}</p>
      <dl class="facts">
        {texts.viewer.keys.map(([key, does]) => [
          <dt key={key}>
            <kbd>{key}</kbd>
          </dt>,
          <dd key={does}>{does}</dd>,
        ])}
      </dl>
      <form method="dialog">
        <button type="submit">{texts.common.close}</button>
      </form>
    </dialog>
  );
}
