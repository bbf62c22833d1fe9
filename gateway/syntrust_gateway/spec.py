"""What a caller asks of an experiment, and the same with every default and choice written out.

`resolve` is the only place where choices are made; `plan` then is a pure function of its answer.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from syntrust_core.canonical import alpha_text
from syntrust_core.contracts import Kind, Ref, Sampler, Seed, Sha256
from syntrust_core.errors import InvalidRequest
from syntrust_core.grids import Grid, GridSpec
from syntrust_core.patients import patient_of
from syntrust_core.reportcontracts import Control

MAX_ALPHAS = 101
MAX_SEEDS = 20
MAX_TWINS = 8
ITERATIONS = {"tiny": 80, "base": 10_000, "full": 100_000}
FEWEST_TEST_CASES = 1
SETTINGS = {"generator", "segmenter", "mixing", "seeds", "controls"}
MODEL_NAME = r"^[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*$"


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RandomSplit(_Request):
    """A random split by patient; validation cases are set aside before mixing."""

    seed: Seed = 0
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.3
    validation_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.07


class ExplicitSplit(_Request):
    """The caller's own split, by case id. Cases in none of the lists are left out."""

    train: Annotated[tuple[str, ...], Field(min_length=1)]
    test: Annotated[tuple[str, ...], Field(min_length=1)]
    validation: tuple[str, ...] = ()


class Drawing(_Request):
    """How a generator draws; what is left out is its card's default."""

    model: Annotated[
        str, Field(pattern=MODEL_NAME, max_length=100, description="Name or id of a model.")
    ] = "tiny"
    sampler: Sampler | None = None
    steps: Annotated[int, Field(ge=2, le=1000)] | None = None
    seed: Seed = 0


class GeneratorChoice(Drawing):
    twins: Annotated[
        int,
        Field(
            ge=1,
            le=MAX_TWINS,
            description="Twins of each test case. The first serves the experiment; from two on, "
            "the second is scored too, as a noise floor of two draws from one label map.",
        ),
    ] = 1


class SegmenterChoice(_Request):
    preset: Literal["tiny", "base", "full"] = "tiny"
    iterations: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    overrides: dict[str, float | int | bool | str] = {}


class ExperimentSpec(_Request):
    """The body of `POST /experiments`."""

    dataset: str
    name: Annotated[str, Field(max_length=200)] | None = None
    alphas: Annotated[
        tuple[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)], ...],
        Field(
            min_length=1,
            max_length=MAX_ALPHAS,
            description="Shares of real data in the training mix, each in [0, 1] and named once.",
        ),
    ]
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=MAX_SEEDS)] = (0,)
    split: RandomSplit | ExplicitSplit = RandomSplit()
    generator: GeneratorChoice = GeneratorChoice()
    segmenter: SegmenterChoice = SegmenterChoice()
    mixing: Literal["disjoint", "independent"] = "disjoint"
    controls: Annotated[
        tuple[Control, ...],
        Field(
            description="Arms that the mixes are to be read against, each named once. For each α "
            "real_only (its real images, seen as often as in the mix), augmentation_only (the "
            "same, in all of the iterations) and shuffled_masks (twins with each other's masks); "
            "once real_plus_twins (every training case as both)."
        ),
    ] = ()


@dataclass(frozen=True)
class CaseView:
    """What a plan needs to know of one ready case."""

    id: str
    group: str | None
    step: str
    label_map_fingerprint: str


@dataclass(frozen=True)
class DatasetView:
    id: str
    digest: str
    grid: GridSpec
    cases: tuple[CaseView, ...]


@dataclass(frozen=True)
class GeneratorView:
    """What a plan needs to know of a generator's model card."""

    name: str
    id: str
    sampler: Sampler
    steps: int
    most_steps: int
    grid: Grid | None
    seen_cases: frozenset[str]
    seen_fingerprints: frozenset[str]
    kind: Kind = Kind.IMPORTED_MODEL
    crops: bool = False  # draws the middle of any grid of its spacing


class ResolvedGenerator(_Request):
    name: str
    model: Ref
    sampler: Sampler
    steps: int
    seed: Seed
    twins: int = 1


class ResolvedSegmenter(_Request):
    preset: str
    iterations: int
    overrides: dict[str, float | int | bool | str]


class ResolvedSpec(_Request):
    """An experiment with nothing left to choose. Case ids are sorted; α are shortest strings."""

    dataset: str
    dataset_digest: Sha256
    alphas: tuple[str, ...]
    seeds: tuple[Seed, ...]
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    seen: tuple[str, ...]
    generator: ResolvedGenerator
    segmenter: ResolvedSegmenter
    mixing: Literal["disjoint", "independent"]
    controls: tuple[Control, ...] = Field(default=(), exclude_if=lambda controls: not controls)


def resolve(spec: ExperimentSpec, dataset: DatasetView, generator: GeneratorView) -> ResolvedSpec:
    """Write out every default and choice of `spec`, or refuse it.

    Raises
    ------
    InvalidRequest
        With the JSON pointer of the field that cannot be met, and what would be right.
    """
    alphas = _distinct_alphas(spec.alphas)
    _distinct(spec.seeds, "/seeds")
    _distinct(spec.controls, "/controls")
    _in_domain(dataset.grid, generator)
    drawing = resolve_drawing(spec.generator, generator)
    seen = _seen_cases(dataset.cases, generator)
    train, validation, test = _split(spec.split, dataset.cases, seen)
    choice = spec.segmenter
    return ResolvedSpec(
        dataset=dataset.id,
        dataset_digest=dataset.digest,
        alphas=alphas,
        seeds=tuple(sorted(spec.seeds)),
        train=train,
        validation=validation,
        test=test,
        seen=tuple(sorted(seen)),
        generator=drawing.model_copy(update={"twins": spec.generator.twins}),
        segmenter=ResolvedSegmenter(
            preset=choice.preset,
            iterations=choice.iterations or ITERATIONS[choice.preset],
            overrides=choice.overrides,
        ),
        mixing=spec.mixing,
        controls=tuple(sorted(spec.controls, key=get_args(Control).index)),
    )


def resolve_drawing(choice: Drawing, generator: GeneratorView) -> ResolvedGenerator:
    """Write out how `generator` draws where a caller chose so.

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
    )


def _distinct_alphas(alphas: Sequence[float]) -> tuple[str, ...]:
    texts = [alpha_text(alpha) for alpha in alphas]
    _distinct(texts, "/alphas")
    return tuple(sorted(texts, key=float))


def _distinct(values: Sequence[object], pointer: str) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise InvalidRequest(
                f"{value} is listed twice; name each value once.", pointer=f"{pointer}/{index}"
            )


def _in_domain(grid: GridSpec, generator: GeneratorView) -> None:
    wanted = generator.grid
    if wanted is None or grid == wanted:
        return
    # The spacing of native cases differs from case to case; the worker looks at each.
    if generator.crops and (grid == "native" or grid.spacing_mm == wanted.spacing_mm):
        return
    shape = "x".join(map(str, wanted.shape))
    spacing = "x".join(f"{length:g}" for length in wanted.spacing_mm)
    raise InvalidRequest(
        f"The generator {generator.name} draws volumes of {shape} voxels of {spacing} mm; "
        f"register the dataset on that grid{' or spacing' if generator.crops else ''}, or name a "
        "generator of its grid.",
        pointer="/generator/model",
    )


def _in_schedule(steps: int | None, generator: GeneratorView) -> None:
    if steps is not None and steps > generator.most_steps:
        raise InvalidRequest(
            f"The generator {generator.name} has {generator.most_steps} steps; ask for no more.",
            pointer="/generator/steps",
        )


def _seen_cases(cases: Iterable[CaseView], generator: GeneratorView) -> frozenset[str]:
    patients = {patient_of(case) for case in generator.seen_cases}
    return frozenset(
        case.id
        for case in cases
        if patient_of(case.id) in patients
        or case.label_map_fingerprint in generator.seen_fingerprints
    )


def _split(
    split: RandomSplit | ExplicitSplit, cases: Sequence[CaseView], seen: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Train, validation and test ids, each sorted, disjoint by patient."""
    if isinstance(split, RandomSplit):
        parts = _random_split(split, [case.id for case in cases], seen)
    else:
        parts = _explicit_split(split, {case.id for case in cases})
    _disjoint_by_patient(dict(zip(("train", "validation", "test"), parts, strict=True)))
    return parts


def _explicit_split(
    split: ExplicitSplit, known: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    for name, ids in parts.items():
        _distinct(ids, f"/split/{name}")
        for index, case in enumerate(ids):
            if case not in known:
                raise InvalidRequest(
                    f"The dataset has no case {case}.", pointer=f"/split/{name}/{index}"
                )
    train, validation, test = (tuple(sorted(ids)) for ids in parts.values())
    return train, validation, test


def _disjoint_by_patient(parts: dict[str, tuple[str, ...]]) -> None:
    part_of: dict[str, tuple[str, str]] = {}
    for name, ids in parts.items():
        for index, case in enumerate(ids):
            other, other_case = part_of.setdefault(patient_of(case), (name, case))
            if other != name:
                raise InvalidRequest(
                    f"{case} in {name} and {other_case} in {other} are the same patient; "
                    "train, validation and test must not share a patient.",
                    pointer=f"/split/{name}/{index}",
                )


def _random_split(
    split: RandomSplit, ids: Sequence[str], seen: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Draw test and validation among unseen patients; what the generator has seen trains."""
    patients: dict[str, list[str]] = {}
    for case in sorted(ids):
        patients.setdefault(patient_of(case), []).append(case)
    free = [patient for patient, own in patients.items() if not seen & set(own)]
    random.Random(split.seed).shuffle(free)  # noqa: S311 - a split needs no secrecy
    n_test = max(FEWEST_TEST_CASES, round(split.test_fraction * len(patients)))
    n_validation = round(split.validation_fraction * len(patients))
    if n_test + n_validation >= len(patients) or n_test > len(free):
        raise InvalidRequest(
            f"{len(patients)} patients, {len(free)} of them unseen by the generator, cannot be "
            f"split into train, {n_validation} for validation and {n_test} for test; register "
            "more cases or lower the fractions.",
            pointer="/split",
        )
    chosen = Counter(dict.fromkeys(free[:n_test], 2))
    chosen.update(dict.fromkeys(free[n_test : n_test + n_validation], 1))
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for patient, own in patients.items():
        parts[chosen[patient]].extend(own)
    train, validation, test = (tuple(sorted(part)) for part in parts)
    return train, validation, test


def spec_settings(spec: ResolvedSpec) -> dict[str, Any]:
    """The settings that a report prints, as plain JSON."""
    return spec.model_dump(mode="json", include=SETTINGS)
