"""Give partial results: what is there beside what is missing, and why.

An arm without any training has no trust factors, only a reason. An arm that lacks some of its
training seeds has those of the others, and says so. Statements over all α are not made where a mix
lacks a training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from syntrust_core.contracts.canonical import digest
from syntrust_core.contracts.report import Missing, MissingTraining
from syntrust_metrics.experiment.schema import (
    Arm,
    MissingArm,
    MissingParts,
    MissingSeed,
    OverAlpha,
    PartialContent,
    PartialResults,
    PartialUnseen,
    Results,
    ResultsParts,
    ShownResults,
    Unseen,
)

NO_RECOMMENDATION: Final = "a mix lacks a training, and all shares are compared in one sequence"


def lacks_mixes(missing: Missing | None) -> bool:
    """Say whether a mix lacks a training, so that nothing can be said over all α."""
    return missing is not None and any(each.control is None for each in missing.trainings)


def give_reason(missing: Missing | None, alpha: str) -> str | None:
    """Say which training seeds of the mix of an α are missing, and why; None if none is."""
    lost = [] if missing is None else [each for each in _of_mixes(missing) if each.alpha == alpha]
    return "; ".join(f"seed {each.seed}: {each.reason}" for each in lost) or None


def make_partial(
    content: ResultsParts, missing: Missing, over_alpha: OverAlpha | None = None
) -> PartialResults:
    """Add what is missing to the results of what is there.

    `over_alpha` is None where a mix lacks a training: then nothing is said over α.
    """
    unseen = content["unseen"]
    partial: PartialContent = {
        "definition": content["definition"],
        "dataset": content["dataset"],
        "alphas": _fill(content["alphas"], missing),
        "controls": content["controls"],
        "unseen": None if unseen is None else _fill_unseen(unseen, missing),
        "nested": _fill(content["nested"], missing),
        "floors": content["floors"],
        "size": content["size"],
        "by_volume": content["by_volume"],
        "twins": content["twins"],
        "recommendation": None if over_alpha is None else over_alpha.get("recommendation"),
        "curve": None if over_alpha is None else over_alpha["curve"],
        "claims": None if over_alpha is None else over_alpha["claims"],
        "partial": True,
        "missing": _list_missing(missing),
    }
    return {**partial, "digest": f"sha256:{digest(partial)}"}


def show(results: Results | PartialResults) -> ShownResults:
    """Keep the arms that are there."""
    if "partial" not in results:
        return cast("ShownResults", results)
    partial = cast("PartialResults", results)
    unseen = partial["unseen"]
    shown = {
        **partial,
        "alphas": _keep(partial["alphas"]),
        "nested": _keep(partial["nested"]),
        "unseen": unseen and {**unseen, "alphas": _keep(unseen["alphas"])},
    }
    return cast("ShownResults", shown)


def list_missing_alphas(results: ShownResults) -> list[float]:
    """List the α of which nothing is there, ascending."""
    present = {entry["alpha"] for entry in results["alphas"]}
    lost = results["missing"]["trainings"] if "missing" in results else []
    alphas = (each["alpha"] for each in lost if each["control"] is None)
    return sorted({alpha for alpha in alphas if alpha is not None and alpha not in present})


def describe_missing(results: ShownResults) -> list[str]:
    """Say what partial results lack, a sentence for each part; nothing of complete ones."""
    if "missing" not in results:
        return []
    missing = results["missing"]
    said = [f"{_name(each)} is missing: {each['reason']}." for each in missing["trainings"]]
    said += [
        f"The twins of {e['case']} were not compared: {e['reason']}." for e in missing["twins"]
    ]
    again = missing["second_twins"]
    return said if again is None else [*said, f"Second twins were not scored: {again}."]


def _name(training: MissingSeed) -> str:
    alpha = "" if training["alpha"] is None else f"α = {training['alpha']:g}, "
    control = "" if training["control"] is None else f"{training['control']}, "
    return f"{control}{alpha}training seed {training['seed']}"


def _of_mixes(missing: Missing) -> Sequence[MissingTraining]:
    return [each for each in missing.trainings if each.control is None]


def _fill(arms: Sequence[Arm], missing: Missing) -> list[Arm | MissingArm]:
    """Put an arm without results in the place of each α that has none."""
    present = {arm["alpha"] for arm in arms}
    names = dict.fromkeys(each.alpha for each in _of_mixes(missing) if each.alpha is not None)
    lost = [_make_missing_arm(name, missing) for name in names if float(name) not in present]
    return sorted([*arms, *lost], key=lambda arm: arm["alpha"])


def _fill_unseen(unseen: Unseen, missing: Missing) -> PartialUnseen:
    arms = _fill(unseen["alphas"], missing) if unseen["alphas"] else []
    return {"cases": unseen["cases"], "alphas": arms, "warnings": unseen["warnings"]}


def _make_missing_arm(alpha: str, missing: Missing) -> MissingArm:
    return {
        "alpha": float(alpha),
        "mix": None,
        "seeds": [],
        "trust": None,
        "versus_real": None,
        "reason": give_reason(missing, alpha) or "",
    }


def _list_missing(missing: Missing) -> MissingParts:
    return {
        "trainings": [
            {
                "control": each.control,
                "alpha": None if each.alpha is None else float(each.alpha),
                "seed": each.seed,
                "reason": each.reason,
            }
            for each in missing.trainings
        ],
        "twins": [{"case": each.case, "reason": each.reason} for each in missing.twins],
        "second_twins": missing.second_twins,
        "recommendation": NO_RECOMMENDATION if lacks_mixes(missing) else None,
    }


def _keep(arms: Sequence[Arm | MissingArm]) -> list[Arm]:
    return [arm for arm in arms if arm["trust"] is not None]
