/** What the colours mean. */
import { texts } from "../../texts";
import { number } from "../../ui/numbers";
import type { Choice } from "./choice";
import { css, differenceColour } from "./data/colours";
import { REGIONS } from "./data/geometry";

export function Legend({ choice, twin }: { choice: Choice; twin: boolean }) {
  const { overlay, range } = choice;
  const ends = [-1, -0.5, 0, 0.5, 1].map((share) => css(differenceColour(share))).join(", ");
  return (
    <section class="legend card" aria-label={texts.viewer.legend}>
      {overlay !== "none" && (
        <ul class="row">
          {REGIONS.map(({ name, colour }) => (
            <li key={name}>
              <span class="swatch" style={{ background: css(colour) }} />
              {texts.viewer.regions[name]}
            </li>
          ))}
        </ul>
      )}
      {overlay !== "none" && <p class="hint">{texts.viewer.overlayMeans[overlay]}</p>}
      {twin && (
        <div class="ramp">
          <span>{number(-range, 2)} z</span>
          <span class="ramp-colours" style={{ background: `linear-gradient(90deg, ${ends})` }} />
          <span>+{number(range, 2)} z</span>
        </div>
      )}
      {twin && <p class="hint">{texts.viewer.differenceMeans}</p>}
      <p class="hint">{texts.viewer.sides}</p>
    </section>
  );
}
