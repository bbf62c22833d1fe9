"""What a caller asks of an experiment, and the same with every default and choice written out.

`resolve` is the only place where choices are made; `plan` then is a pure function of its answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from syntrust_core.cases.patient_id import patient_of
from syntrust_core.contracts.base import Kind, Ref, Sampler, Seed, Sha256, is_none
from syntrust_core.contracts.canonical import alpha_text
from syntrust_core.contracts.grid import Grid, GridSpec
from syntrust_core.contracts.report import Control
from syntrust_core.errors import InvalidRequest
from syntrust_gateway.experiments.splits import (
    ExplicitSplit,
    RandomSplit,
    require_distinct,
    split_cases,
)

MAX_ALPHAS = 101
MAX_SEEDS = 20
MAX_TWINS = 8
ITERATIONS = {"tiny": 80, "base": 10_000, "full": 100_000}
NETWORK_SETTINGS = ("feature_size", "window", "norm")
"""Among the overrides, those that change the names or shapes of weights."""
SETTINGS = {"generator", "segmenter", "mixing", "seeds", "controls"}
MODEL_NAME = r"^[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*$"


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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
    start: Annotated[
        str | None,
        Field(
            pattern=MODEL_NAME,
            max_length=100,
            description="Name or id of the weights that each training starts from: imported ones "
            "(self-supervised, or released for BraTS 2021), or a segmenter; null: fresh ones.",
        ),
    ] = None
    probabilities: Annotated[
        bool, Field(description="Predict the probability of each label, too.")
    ] = False


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


@dataclass(frozen=True)
class StartView:
    """What a plan needs to know of start weights.

    `preset` and `config` are those of the network they belong to, as far as their card says;
    `seen_cases` and `seen_steps` the cases they were trained on, by id and by inspection.
    """

    name: str
    model: Ref
    preset: str | None
    config: Mapping[str, Any]
    seen_cases: frozenset[str]
    seen_steps: frozenset[str]


class ResolvedGenerator(_Request):
    name: str
    model: Ref
    sampler: Sampler
    steps: int
    seed: Seed
    twins: int = 1


class ResolvedStart(_Request):
    name: str
    model: Ref


class ResolvedSegmenter(_Request):
    preset: str
    iterations: int
    overrides: dict[str, float | int | bool | str]
    # Absent where they are as in experiments of earlier releases, whose reports they would change.
    start: ResolvedStart | None = Field(default=None, exclude_if=is_none)
    probabilities: bool = Field(default=False, exclude_if=lambda asked: not asked)


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


def resolve(
    spec: ExperimentSpec,
    dataset: DatasetView,
    generator: GeneratorView,
    start: StartView | None = None,
) -> ResolvedSpec:
    """Write out every default and choice of `spec`, or refuse it.

    Raises
    ------
    InvalidRequest
        With the JSON pointer of the field that cannot be met, and what would be right.
    """
    alphas = _distinct_alphas(spec.alphas)
    require_distinct(spec.seeds, "/seeds")
    require_distinct(spec.controls, "/controls")
    _in_domain(dataset.grid, generator)
    drawing = resolve_drawing(spec.generator, generator)
    seen = _seen_cases(dataset.cases, generator)
    learnt = frozenset[str]() if start is None else _learnt_cases(dataset.cases, start)
    ids = [case.id for case in dataset.cases]
    train, validation, test = split_cases(spec.split, ids, seen | learnt)
    _require_untrained(test, learnt)
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
        segmenter=_resolve_segmenter(spec.segmenter, start),
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


def _resolve_segmenter(choice: SegmenterChoice, start: StartView | None) -> ResolvedSegmenter:
    if start is not None:
        _require_same_network(choice, start)
    return ResolvedSegmenter(
        preset=choice.preset,
        iterations=choice.iterations or ITERATIONS[choice.preset],
        overrides=choice.overrides,
        start=None if start is None else ResolvedStart(name=start.name, model=start.model),
        probabilities=choice.probabilities,
    )


def _require_same_network(choice: SegmenterChoice, start: StartView) -> None:
    """Refuse start weights that their card says belong to another network.

    What the card does not say, the training finds out before its first iteration.
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
        case.id
        for case in cases
        if case.step in start.seen_steps or patient_of(case.id) in patients
    )


def _require_untrained(test: Sequence[str], learnt: frozenset[str]) -> None:
    """Refuse a test case that the start weights were trained on: its Dice would be no test."""
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


def spec_settings(spec: ResolvedSpec) -> dict[str, Any]:
    """The settings that a report prints, as plain JSON."""
    return spec.model_dump(mode="json", include=SETTINGS)
