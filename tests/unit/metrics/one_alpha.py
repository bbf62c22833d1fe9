"""Sentences of the verdict about one α, as the report writes them where it judges no other."""

from __future__ import annotations

from typing import Any

from syntrust_metrics.report.verdicts import Scans, describe_performance, describe_prediction


def describe_versus_real(alpha: float, found: Any, scans: Scans) -> str:
    arm: Any = {"alpha": alpha, "versus_real": found}
    (sentence,) = describe_performance([arm], scans)
    return sentence.text


def describe_equivalence(alpha: float, found: Any, cases: int, scans: Scans) -> str:
    arm: Any = {"alpha": alpha, "trust": {"equivalence": found, "cases": cases}}
    (sentence,) = describe_prediction([arm], scans)
    return sentence.text
