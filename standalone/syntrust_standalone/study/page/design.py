"""What a study did, what may be concluded of it, and where its numbers come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.experiment.wording import Wording, choose_wording
from syntrust_metrics.report.recommendation_prose import build_recommendation_view
from syntrust_standalone.study.page.markdown import fold, write_list, write_table
from syntrust_standalone.study.results_file import (
    StudyExperimentResults,
    StudyProvenance,
    StudyResults,
)

NO_RECOMMENDATION = "These results were made by a release that gives no recommendation."


def write_answer(results: ShownResults) -> Iterator[str]:
    """Write the recommendation in the words of the results, and the tests that it rests on."""
    view = build_recommendation_view(results)
    if view is None:
        yield NO_RECOMMENDATION
        return
    yield f"**{view.sentence.text}**"
    if view.details:
        yield write_list(each.text for each in view.details)
    if view.rows:
        table = write_table(view.head, [row.cells for row in view.rows])
        yield fold("The tests behind it", f"{view.caption}\n\n{table}")


def write_design(study: StudyResults) -> Iterator[str]:
    """Write cases, networks and experiments as tables."""
    parts = Counter(case["part"] for case in study["cases"].values())
    first = list_experiments(study)[0][1]["request"]
    generator, segmenter = first["generator"], first["segmenter"]
    changed = ", ".join(f"{name} {value}" for name, value in segmenter["overrides"].items())
    rows = [
        ("training cases", str(parts["train"])),
        ("validation cases, for the history of trainings alone", str(parts["validation"])),
        ("test cases", str(parts["test"])),
        ("of them seen by the generator", str(len(set(first["test"]) & set(first["seen"])))),
        (
            "generator",
            f"{generator['name']}, {generator['steps']} steps of {generator['sampler']}",
        ),
        ("segmenter", f"{segmenter['preset']}, {segmenter['iterations']} iterations"),
        ("settings changed", changed or "none"),
    ]
    yield write_table(("", "in every experiment"), rows)
    head = ("experiment", "α", "training seeds", "twins of a test case", "controls")
    yield write_table(head, [_row(name, each["request"]) for name, each in list_experiments(study)])


def list_experiments(study: StudyResults) -> list[tuple[str, StudyExperimentResults]]:
    """List the experiments in the order of the study's file."""
    names = [each["name"] for each in study["study"]["experiments"]]
    return [(name, study["experiments"][name]) for name in names]


def _row(name: str, request: dict[str, Any]) -> list[str]:
    return [
        name,
        ", ".join(request["alphas"]),
        ", ".join(map(str, request["seeds"])),
        str(request["generator"]["twins"]),
        ", ".join(request.get("controls", ())) or "none",
    ]


def is_of_phantoms(study: StudyResults) -> bool:
    """Say whether the study's cases were made by a program."""
    return bool(study["study"]["dataset"]["kind"] == "phantoms")


def find_wording(study: StudyResults) -> Wording:
    """Find the words for the study's cases: phantoms are never called real."""
    return choose_wording("phantoms" if is_of_phantoms(study) else "patients")


def write_reach(study: StudyResults, results: ShownResults) -> Iterator[str]:
    """Say what may be concluded, and what may not."""
    first = results["alphas"][0]["trust"]
    cases, seeds = first["cases"], len(results["alphas"][0]["seeds"])
    phantoms = is_of_phantoms(study)
    who = "phantoms" if phantoms else "cases"
    yield "May be concluded:"
    yield write_list(
        [
            (
                f"What holds, fails or is recommended here is of {who} like these {cases}, of this "
                f"generator, and of this segmenter, trained {seeds} times for each α."
            ),
            "Where a claim fails, this design is one case in which it does not hold.",
        ]
    )
    yield "May not be concluded:"
    yield write_list(_limits(phantoms=phantoms))


def _limits(*, phantoms: bool) -> list[str]:
    said = [
        "That what is undecided does not exist: so many cases and trainings cannot tell.",
        (
            "From the trust factors, that training on twins is as good as on real images: they "
            "compare test sets. Only the comparison with α = 1 on real test images can say it."
        ),
        "Anything about another generator, segmenter, resolution or number of iterations.",
    ]
    if phantoms:
        said.insert(
            0,
            "Anything about patients. Phantoms are made by a program, from one template; their "
            "labels are right by construction, and their Dice is higher than that of patients.",
        )
    return said


def write_origin(study: StudyResults, file: str) -> Iterator[str]:
    """Write digest, hours, processor and versions, and how to make all of it again."""
    made = study["provenance"]
    yield write_table(("", ""), _describe_origin(study["digest"], made))
    yield (
        f"This page and its figures are made from `{file}` and from nothing else, by "
        "the command study-page of syntrust-standalone."
    )


def _describe_origin(digest: str, made: StudyProvenance) -> list[tuple[str, str]]:
    hours = made["device_hours"]
    steps = made["steps"]
    return [
        ("digest", f"`{digest}`"),
        ("processor", made["processor"] or "not told"),
        (
            "device-hours",
            f"{sum(hours.values()):.2f} ("
            + ", ".join(f"{queue} {value:.2f}" for queue, value in hours.items())
            + ")",
        ),
        (
            "steps",
            f"{sum(steps.values())} ("
            + ", ".join(f"{kind} {count}" for kind, count in steps.items())
            + ")",
        ),
        (
            "versions",
            ", ".join(f"{name} {' and '.join(each)}" for name, each in made["versions"].items()),
        ),
        ("recipes", ", ".join(f"{kind} {recipe}" for kind, recipe in made["recipes"].items())),
    ]
