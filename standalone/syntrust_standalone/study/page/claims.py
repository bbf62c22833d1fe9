"""The paper's claims: what holds, fails or is undecided in a study, with every number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.report.verdict_tables import build_comparison_table
from syntrust_metrics.trust.schema.inference import Claim, ClaimVerdict
from syntrust_standalone.study.page.markdown import (
    fold,
    write_list,
    write_report_table,
    write_table,
)
from syntrust_standalone.study.page.reasons import explain

VERDICTS: Final[tuple[ClaimVerdict, ...]] = ("holds", "fails", "undecided")
ALL: Final = (
    "Each claim is tested by itself, at the level of its own intervals. Nothing is adjusted for "
    "their number."
)


def write_claims(results: ShownResults) -> Iterator[str]:
    """Write the claims, why those that fail do, and the numbers behind each."""
    claims = results["claims"] or []
    if not claims:
        yield "No claim was tested: trainings are missing."
        return
    yield _write_overview(claims)
    yield ALL
    failed = [claim for claim in claims if claim["verdict"] == "fails"]
    if failed:
        yield "### Why claims fail here, as far as it was measured"
    for claim in failed:
        yield f"**{claim['claim']}**"
        yield write_list(explain(claim["id"], results))
    yield "### The numbers"
    for claim in claims:
        if not claim["numbers"]:
            continue
        summary = f"{claim['claim']} <b>{claim['verdict']}</b>"
        yield fold(summary, write_report_table(build_comparison_table([claim])))


def _write_overview(claims: Sequence[Claim]) -> str:
    head = ["claim of the paper", "here", *VERDICTS, "why"]
    return write_table(head, [_write_row(claim) for claim in claims])


def _write_row(claim: Claim) -> list[str]:
    counts = Counter(found["verdict"] for found in claim["numbers"])
    return [
        claim["claim"],
        f"**{claim['verdict']}**",
        *(str(counts[verdict]) for verdict in VERDICTS),
        claim["reason"] or "",
    ]
