"""Write out every default and choice of an experiment: the only place where choices are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from syntrust_core.cases.patient_id import patient_of
from syntrust_core.contracts.base import Ref
from syntrust_core.contracts.canonical import alpha_text
from syntrust_core.contracts.grid import GridSpec
from syntrust_core.contracts.report import Control, GeneratorTraining
from syntrust_core.contracts.vocabulary import is_phantom
from syntrust_core.errors import InvalidRequest
from syntrust_core.segmenter_presets import PRESETS, require_overrides
from syntrust_gateway.datasets.planner_view import CaseView, DatasetView
from syntrust_gateway.experiments.precision import FLOAT32, Precisions
from syntrust_gateway.experiments.spec import (
    Drawing,
    ExperimentSpec,
    ResolvedGenerator,
    ResolvedSegmenter,
    ResolvedSpec,
    ResolvedStart,
    SegmenterChoice,
)
from syntrust_gateway.experiments.splits import SplitCase, require_distinct, split_cases
from syntrust_gateway.models.planner_view import GeneratorView, StartView

NETWORK_SETTINGS = ("feature_size", "window", "norm")
"""Among the overrides, those that change the names or shapes of weights."""


def resolve(
    spec: ExperimentSpec,
    dataset: DatasetView,
    generator: GeneratorView,
    start: StartView | None = None,
    precisions: Precisions = FLOAT32,
) -> ResolvedSpec:
    """Write out every default and choice of `spec`, or refuse it.

    `precisions` are those of the installation, for what names none.

    Raises
    ------
    InvalidRequest
        With the JSON pointer of the field that is not possible, and what would be right.
    """
    alphas = _distinct_alphas(spec.alphas)
    require_distinct(spec.seeds, "/seeds")
    require_distinct(spec.controls, "/controls")
    _in_domain(dataset.grid, generator)
    drawing = resolve_drawing(spec.generator, generator, precisions)
    seen = _seen_cases(dataset.cases, generator)
    learnt = frozenset[str]() if start is None else _learnt_cases(dataset.cases, start)
    known = {case.id: SplitCase(case.patient, case.contents) for case in dataset.cases}
    train, validation, test = split_cases(spec.split, known, seen | learnt)
    _require_untrained(test, learnt)
    return ResolvedSpec(
        dataset=dataset.id,
        dataset_digest=dataset.digest,
        origin=dataset.origin,
        alphas=alphas,
        seeds=tuple(sorted(spec.seeds)),
        train=train,
        validation=validation,
        test=test,
        seen=tuple(sorted(seen)),
        generator=drawing.model_copy(
            update={"twins": spec.generator.twins, "training": _describe_training(generator)}
        ),
        segmenter=_resolve_segmenter(spec.segmenter, start, precisions),
        mixing=spec.mixing,
        controls=tuple(sorted(spec.controls, key=get_args(Control).index)),
    )


def _describe_training(generator: GeneratorView) -> GeneratorTraining:
    """Count the cases of the generator's card, and the phantoms among them."""
    phantoms = sum(is_phantom(case) for case in generator.seen_cases)
    return GeneratorTraining(cases=len(generator.seen_cases), phantoms=phantoms)


def resolve_drawing(
    choice: Drawing, generator: GeneratorView, precisions: Precisions = FLOAT32
) -> ResolvedGenerator:
    """Write out how `generator` draws.

    Raises
    ------
    InvalidRequest
        If it has fewer steps than were asked for.
    """
    _in_schedule(choice.steps, generator)
    return ResolvedGenerator(
        name=generator.name,
        model=Ref(kind=generator.kind, id=generator.id),
        sampler=choice.sampler or generator.sampler,
        steps=choice.steps or generator.steps,
        seed=choice.seed,
        precision=choice.precision or precisions.generator,
    )


def _resolve_segmenter(
    choice: SegmenterChoice, start: StartView | None, precisions: Precisions
) -> ResolvedSegmenter:
    _require_overrides(choice)
    if start is not None:
        _require_same_network(choice, start)
    return ResolvedSegmenter(
        preset=choice.preset,
        iterations=choice.iterations or PRESETS[choice.preset].iterations,
        overrides=precisions.complete_overrides(choice.overrides),
        start=None if start is None else ResolvedStart(name=start.name, model=start.model),
        probabilities=choice.probabilities,
    )


def _require_overrides(choice: SegmenterChoice) -> None:
    """Refuse at once what a training would refuse after all twins are drawn."""
    try:
        require_overrides(choice.preset, choice.overrides)
    except InvalidRequest as error:
        raise InvalidRequest(error.detail, pointer=f"/segmenter{error.pointer}") from error


def _require_same_network(choice: SegmenterChoice, start: StartView) -> None:
    """Refuse start weights that their card says belong to another network.

    Where the card is silent, the training checks it before its first iteration.
    """
    asked = {"preset": choice.preset} | {
        name: value for name, value in choice.overrides.items() if name in NETWORK_SETTINGS
    }
    known = {**start.config, "preset": start.preset}
    for name, value in asked.items():
        if known.get(name) not in {None, value}:
            field = "/segmenter/preset" if name == "preset" else f"/segmenter/overrides/{name}"
            raise InvalidRequest(
                f"The start weights {start.name} are those of a network with {name} {known[name]}, "
                f"not {value}.",
                pointer=field,
            )


def _learnt_cases(cases: Iterable[CaseView], start: StartView) -> frozenset[str]:
    patients = {patient_of(case) for case in start.seen_cases}
    return frozenset(
        case.id for case in cases if case.step in start.seen_steps or _is_of(case, patients)
    )


def _require_untrained(test: Sequence[str], learnt: frozenset[str]) -> None:
    """Refuse a test case that the start weights were trained on. It would test nothing."""
    for index, case in enumerate(test):
        if case in learnt:
            raise InvalidRequest(
                f"The start weights were trained on {case}, which is a test case here; test on "
                "patients they have not seen, or start from other weights.",
                pointer=f"/split/test/{index}",
            )


def _distinct_alphas(alphas: Sequence[float]) -> tuple[str, ...]:
    texts = [alpha_text(alpha) for alpha in alphas]
    require_distinct(texts, "/alphas")
    return tuple(sorted(texts, key=float))


def _in_domain(grid: GridSpec, generator: GeneratorView) -> None:
    needed = generator.grid
    if needed is None or grid == needed:
        return
    # The spacing of native cases differs from case to case; the worker looks at each.
    if generator.crops and (grid == "native" or grid.spacing_mm == needed.spacing_mm):
        return
    shape = "x".join(map(str, needed.shape))
    spacing = "x".join(f"{length:g}" for length in needed.spacing_mm)
    raise InvalidRequest(
        f"The generator {generator.name} draws volumes of {shape} voxels of {spacing} mm; "
        f"register the dataset on that grid{' or spacing' if generator.crops else ''}, or name a "
        "generator of its grid.",
        pointer="/generator/model",
    )


def _in_schedule(steps: int | None, generator: GeneratorView) -> None:
    if steps is not None and steps > generator.most_steps:
        raise InvalidRequest(
            f"The generator {generator.name} has {generator.most_steps} steps; ask for at most as "
            "many.",
            pointer="/generator/steps",
        )


def _seen_cases(cases: Iterable[CaseView], generator: GeneratorView) -> frozenset[str]:
    patients = {patient_of(case) for case in generator.seen_cases}
    return frozenset(
        case.id
        for case in cases
        if _is_of(case, patients) or case.label_map_fingerprint in generator.seen_fingerprints
    )


def _is_of(case: CaseView, patients: set[str]) -> bool:
    """Tell whether a case is of these patients, by the patient that it was given or by its id."""
    return not patients.isdisjoint({case.patient, patient_of(case.patient), patient_of(case.id)})
