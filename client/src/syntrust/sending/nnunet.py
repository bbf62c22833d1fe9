"""nnU-Net's `summary.json` of a real and of a synthetic test set, as cases with both sides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from syntrust.errors import UnfitScores

# Names of one thing in version 2, and in version 1.
_VOXELS: Final = (
    ("n_ref", "n_pred"),
    ("Total Positives Reference", "Total Positives Test"),
)
_NAMED: Final = 5
Side = dict[str, float | None]


def is_summary(body: Mapping[str, Any]) -> bool:
    """Say whether this is what nnU-Net writes of an evaluation, version 1 or 2."""
    return "metric_per_case" in body or ("results" in body and "cases" not in body)


def pair_summaries(
    real: Mapping[str, Any], synthetic: Mapping[str, Any], *, names: Mapping[str, str]
) -> dict[str, Any]:
    """Make a request of two summaries of the same cases.

    A region has the name of nnU-Net's label, or what `names` calls it: labels differ between data
    sets. A Dice that nnU-Net could not compute is null if neither mask has the label.

    Raises
    ------
    UnfitScores
        If the cases of both differ, or a Dice is missing. The error names the case.
    """
    sides = {"real": _read(real, "real", names), "synthetic": _read(synthetic, "synthetic", names)}
    for name, other in (("real", "synthetic"), ("synthetic", "real")):
        if lacking := sorted(sides[other].keys() - sides[name].keys()):
            more = "" if len(lacking) <= _NAMED else f" and {len(lacking) - _NAMED} more"
            raise UnfitScores(
                f"The {name} summary has no case {', '.join(lacking[:_NAMED])}{more}, which the "
                f"{other} one has; both need the same cases."
            )
    return {
        "cases": [
            {"id": case, "real": scores, "synthetic": sides["synthetic"][case]}
            for case, scores in sides["real"].items()
        ]
    }


def _read(summary: Mapping[str, Any], what: str, names: Mapping[str, str]) -> dict[str, Side]:
    found: dict[str, Side] = {}
    for number, entry in enumerate(_entries(summary, what)):
        case, metrics = entry
        if case in found:
            raise UnfitScores(f"The {what} summary has the case {case} twice (entry {number}).")
        found[case] = {
            names.get(label, label): _dice(values, f"{label} of case {case} ({what})")
            for label, values in metrics.items()
        }
    if not found:
        raise UnfitScores(f"The {what} summary holds no case.")
    return found


def _entries(summary: Mapping[str, Any], what: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give id and metrics of each case."""
    results = summary.get("results")
    old = results.get("all") if isinstance(results, Mapping) else None
    entries = summary.get("metric_per_case", old)
    if not isinstance(entries, list):
        raise UnfitScores(f"The {what} summary has no list metric_per_case.")
    for number, entry in enumerate(entries):
        file, metrics = _parts(entry) if isinstance(entry, Mapping) else (None, None)
        if not isinstance(file, str) or not isinstance(metrics, Mapping) or not metrics:
            raise UnfitScores(f"Entry {number} of the {what} summary names no file or no metrics.")
        yield PurePosixPath(file.replace("\\", "/")).name.split(".nii")[0], metrics


def _parts(entry: Mapping[str, Any]) -> tuple[Any, Any]:
    if "metrics" in entry:
        return entry.get("reference_file") or entry.get("prediction_file"), entry["metrics"]
    labels = {key: value for key, value in entry.items() if isinstance(value, Mapping)}
    return entry.get("reference") or entry.get("test"), labels


def _dice(values: object, what: str) -> float | None:
    found = values.get("Dice") if isinstance(values, Mapping) else None
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise UnfitScores(f"The summary has no Dice of label {what}.")
    if math.isnan(found):
        if isinstance(values, Mapping) and _is_empty(values):
            return None
        raise UnfitScores(f"Dice of label {what} is NaN, and its voxels do not say why.")
    return float(found)


def _is_empty(values: Mapping[str, Any]) -> bool:
    return any(values.get(ref) == 0 and values.get(pred) == 0 for ref, pred in _VOXELS)
