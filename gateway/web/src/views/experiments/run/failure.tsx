/** Why an experiment failed: the step, the reason, and what its worker logged last. */
import { texts } from "../../../texts";
import { nameKind } from "../../../ui/steps";
import { type Experiment, isFinal } from "../names";

interface FailureProps {
  readonly of: Experiment;
  readonly error: NonNullable<Experiment["error"]>;
}

export function Failure({ of, error }: FailureProps) {
  const { text, step, kind, failed_steps: failed, log = [] } = error;
  return (
    <section class="problem failure">
      <h2>{isFinal(of) ? texts.experiment.failure : texts.experiment.failing}</h2>
      <p>{text}</p>
      <dl class="facts">
        {kind && (
          <>
            <dt>{texts.experiment.failedStep}</dt>
            <dd>
              {nameKind(kind)} {step && <code>{step.slice(0, 12)}</code>}
            </dd>
          </>
        )}
        {failed !== null && (
          <>
            <dt>{texts.experiment.failedSteps}</dt>
            <dd>{failed}</dd>
          </>
        )}
      </dl>
      {log.length > 0 && (
        <details open>
          <summary>{texts.experiment.log}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reachable by keyboard */}
          <pre class="log" tabIndex={0}>
            {log.join("\n")}
          </pre>
        </details>
      )}
    </section>
  );
}
