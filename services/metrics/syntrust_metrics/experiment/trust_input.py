"""Cases as `POST /trust-score` takes them, out of an experiment's runs and their score files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syntrust_core.contracts.report import BuildReport, ReportCase, ReportRun, ReportTraining
from syntrust_core.errors import ObjectMissing
from syntrust_metrics.segmentation.score_file import CaseScore, ScoreFile
from syntrust_metrics.trust import score_cases
from syntrust_metrics.trust.serialization import round_numbers

Body = dict[str, Any]
Dice = Mapping[str, float | None]


@dataclass(frozen=True)
class TrustInput:
    """One way to read the same predictions: which regions, and which test cases."""

    request: BuildReport
    scores: Mapping[str, ScoreFile]
    cases: Sequence[ReportCase]
    regions: Callable[[CaseScore], Dice]

    def runs(self) -> dict[str, list[ReportRun]]:
        """The runs of each α, both in ascending order, seeds too."""
        by_alpha: dict[str, list[ReportRun]] = {}
        for run in sorted(self.request.runs, key=lambda run: (float(run.alpha), run.seed)):
            by_alpha.setdefault(run.alpha, []).append(run)
        return by_alpha

    def pair_test_sets(self, training: ReportTraining) -> list[Body]:
        """The cases of one training: Dice on the real against Dice on the synthetic test set."""
        return self.pair(training.score_real, training.score_synthetic, seed=training.seed)

    def pair(self, first: str, second: str, *, seed: int) -> list[Body]:
        """Two scorings of the same cases side by side, `first` as the real one.

        Raises
        ------
        ObjectMissing
            If a scoring step, or a test case in it, has no scores.
        """
        cases = sorted(self.cases, key=lambda case: case.id)
        return [
            {"id": case.id, "real": self._dice(case, first), "synthetic": self._dice(case, second)}
            | {"seed": seed}
            | ({"group": case.group} if case.group else {})
            for case in cases
        ]

    def find_score(self, case: ReportCase, step: str) -> CaseScore:
        file = self.scores.get(step)
        if file is None or case.case not in file.cases:
            raise ObjectMissing(f"Scoring step {step} holds no scores of case {case.id}.")
        return file.cases[case.case]

    def score(self, cases: Iterable[Body]) -> Body:
        """The trust factors of cases under the experiment's policy."""
        policy = {} if self.policy is None else {"policy": self.policy}
        return score_cases({"cases": list(cases), **policy})

    @property
    def policy(self) -> Body | None:
        given: Body | None = self.request.settings.get("policy")
        return given

    def _dice(self, case: ReportCase, step: str) -> Body:
        scores = self.regions(self.find_score(case, step))
        return {region: round_numbers(value) for region, value in sorted(scores.items())}
