"""Give cases as `POST /trust-score` takes them, from the runs of an experiment and their scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from syntrust_core.contracts.report import BuildReport, ReportCase, ReportRun, ReportTraining
from syntrust_core.errors import ObjectMissing
from syntrust_metrics.segmentation.score_file import CaseScore, ScoreFile
from syntrust_metrics.trust import score_cases
from syntrust_metrics.trust.schema.answer import TrustAnswer
from syntrust_metrics.trust.schema.request import Dice, ScoredCase
from syntrust_metrics.trust.serialization import round_numbers


@dataclass(frozen=True)
class TrustInput:
    """What the trust factors are computed from: which regions of which test cases."""

    request: BuildReport
    scores: Mapping[str, ScoreFile]
    cases: Sequence[ReportCase]
    regions: Callable[[CaseScore], Dice]

    def runs(self) -> dict[str, list[ReportRun]]:
        """Group the runs by α; α and seeds are in ascending order."""
        by_alpha: dict[str, list[ReportRun]] = {}
        for run in sorted(self.request.runs, key=lambda run: (float(run.alpha), run.seed)):
            by_alpha.setdefault(run.alpha, []).append(run)
        return by_alpha

    def pair_test_sets(self, training: ReportTraining) -> list[ScoredCase]:
        """Pair Dice on the real test set with Dice on the synthetic one, for one training."""
        return self.pair(training.score_real, training.score_synthetic, seed=training.seed)

    def pair(self, first: str, second: str, *, seed: int) -> list[ScoredCase]:
        """Pair two scoring steps of the same cases, `first` as the real one.

        Raises
        ------
        ObjectMissing
            If a scoring step, or a test case in it, has no scores.
        """
        cases = sorted(self.cases, key=lambda case: case.id)
        return [self._pair_case(case, first, second, seed) for case in cases]

    def _pair_case(self, case: ReportCase, first: str, second: str, seed: int) -> ScoredCase:
        paired: ScoredCase = {
            "id": case.id,
            "real": self._dice(case, first),
            "synthetic": self._dice(case, second),
            "seed": seed,
        }
        if case.group:
            paired["group"] = case.group
        return paired

    def find_score(self, case: ReportCase, step: str) -> CaseScore:
        """Find what a scoring step measured of a case."""
        file = self.scores.get(step)
        if file is None or case.case not in file.cases:
            raise ObjectMissing(f"Scoring step {step} has no scores of case {case.id}.")
        return file.cases[case.case]

    def find_cases_without(self, region: str) -> set[str]:
        """Find the test cases whose reference lacks a region, from the first scoring step.

        Every scoring step of a case has the same reference.
        """
        step = self.request.runs[0].score_real
        return {
            case.id
            for case in self.cases
            if self.find_score(case, step).reference_ml.get(region) == 0
        }

    def score(self, cases: Iterable[ScoredCase]) -> TrustAnswer:
        """Compute the trust factors of cases under the experiment's policy."""
        policy = {} if self.policy is None else {"policy": self.policy}
        return score_cases({"cases": list(cases), **policy})

    @property
    def policy(self) -> Mapping[str, object] | None:
        given: Mapping[str, object] | None = self.request.settings.get("policy")
        return given

    def _dice(self, case: ReportCase, step: str) -> Dice:
        scores = self.regions(self.find_score(case, step))
        return {region: round_numbers(value) for region, value in sorted(scores.items())}
