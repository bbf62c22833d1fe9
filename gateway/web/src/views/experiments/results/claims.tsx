/** The claims of the paper, each with its verdict and the comparisons that it rests on. */
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { interval, number, alpha as writeAlpha } from "../../../ui/numbers";
import { DataTable } from "../../../ui/table";

export function Claims({ claims }: { claims: readonly Schemas["Claim"][] | null }) {
  return (
    <section aria-labelledby="claims-title">
      <h2 id="claims-title">{texts.results.claimsTitle}</h2>
      {claims ? (
        <>
          <p class="hint">{texts.results.claimsSay}</p>
          <ol class="claims">
            {claims.map((claim) => (
              <ClaimCard key={claim.id} claim={claim} />
            ))}
          </ol>
        </>
      ) : (
        <p>{texts.results.noClaims}</p>
      )}
    </section>
  );
}

function ClaimCard({ claim }: { claim: Schemas["Claim"] }) {
  const { results } = texts;
  const columns = [
    { label: results.comparison },
    { label: results.alpha, numeric: true },
    { label: results.difference, numeric: true },
    { label: results.interval },
    { label: results.verdict },
    { label: results.why },
  ];
  return (
    <li class="card">
      <p>
        <span class={`badge badge-${claim.verdict}`}>{results.claimVerdicts[claim.verdict]}</span>{" "}
        {claim.claim}
      </p>
      {claim.reason && <p class="hint">{claim.reason}</p>}
      <details>
        <summary>{texts.common.table}</summary>
        <DataTable caption={claim.claim} columns={columns} rows={claim.numbers.map(cells)} />
      </details>
    </li>
  );
}

function cells(found: Schemas["ClaimComparison"]): string[] {
  const alphas = [found.alpha ?? []].flat();
  const { results } = texts;
  const ninety = found.ci90 ? `${interval(found.ci90)} (${results.interval90})` : null;
  return [
    found.comparison,
    alphas.map(writeAlpha).join(", ") || number(null),
    number(found.difference ?? found.slope),
    found.ci ? interval(found.ci) : (ninety ?? number(null)),
    results.claimVerdicts[found.verdict] ?? found.verdict,
    found.reason ?? "",
  ];
}
