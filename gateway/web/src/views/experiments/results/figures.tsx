/** The paper's figures 2 to 8, as the platform draws them. */
import { useState } from "preact/hooks";
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { Synthetic } from "../../../ui/parts";

/** In the order of the paper, then those that it lacks. */
export const FIGURES = Object.keys(texts.results.figures);
/** Those that show twins themselves, and not only what was measured of them. */
const SHOWS_TWINS = new Set(["fig2"]);

export function figureAddress(experiment: string, name: string, kind: "svg" | "png"): string {
  return `experiments/${encodeURIComponent(experiment)}/figures/${name}.${kind}`;
}

export function FigureList({ experiment }: { experiment: Schemas["ExperimentBody"] }) {
  return (
    <section aria-labelledby="figures-title">
      <h2 id="figures-title">{texts.results.figuresTitle}</h2>
      <p>{texts.results.figuresSay}</p>
      {FIGURES.map((name) => (
        <PaperFigure key={name} experiment={experiment.id} name={name} />
      ))}
    </section>
  );
}

function PaperFigure({ experiment, name }: { experiment: string; name: string }) {
  const [missing, setMissing] = useState(false);
  const [title = name, says = ""] = texts.results.figures[name] ?? [];
  const shown = name.startsWith("fig") ? texts.results.figureNumber(name, title) : title;
  return (
    <figure class="card paper-figure">
      {missing ? (
        <p>{texts.results.figureMissing}</p>
      ) : (
        <div class="paper-white">
          <img
            src={figureAddress(experiment, name, "svg")}
            alt={`${shown}. ${says}`}
            loading="lazy"
            onError={() => setMissing(true)}
          />
          {SHOWS_TWINS.has(name) && <Synthetic />}
        </div>
      )}
      <figcaption>
        <strong>{shown}.</strong> {says}{" "}
        {!missing && (
          <span class="figure-links">
            {(["svg", "png"] as const).map((kind) => (
              <a
                key={kind}
                href={figureAddress(experiment, name, kind)}
                download={`${name}.${kind}`}
                aria-label={`${shown}, ${texts.results[kind]}`}
              >
                {texts.results[kind]}
              </a>
            ))}
          </span>
        )}
      </figcaption>
    </figure>
  );
}
