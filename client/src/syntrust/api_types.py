# Made from docs/openapi.json by `make client-types`. Change nothing here.

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class AcceptedCase(TypedDict):
    """A case of a dataset."""

    dataset: str
    id: str


class AcceptedPrinting(TypedDict):
    """The report of an experiment to be set as a PDF, and what its cover says."""

    experiment: str
    dataset: str
    title: str
    dataset_name: str
    finished: str


class Alive(TypedDict):
    status: Literal["alive"]


class AllRegionsRecommendation(TypedDict):
    """The share that every region allows. It errs in one study of twenty at most."""

    kind: Literal["recommendation", "these trained models", "no evidence"]
    """`these trained models` with fewer than three training seeds."""
    alpha: float | None
    """The lowest α that every region passed; null where there is none."""
    synthetic_share: float | None
    """1 - α of it."""
    stopped_at: float | None
    """The first α that not every region passed; null where all did."""
    stopped_by: list[str]
    """The regions that did not pass it."""


class ArmBody(TypedDict):
    """Which training of the experiment it is for."""

    alpha: float | None
    """Null: a control that belongs to no α."""
    seed: int
    control: Literal["real_only", "augmentation_only", "real_plus_twins", "shuffled_masks"] | None
    """Null: the mix of the α itself."""


class AuditEntry(TypedDict):
    id: int
    at: str
    client: str | None
    """Null: a command of an operator."""
    action: str
    target: str
    detail: dict[str, Any]


class AuditPage(TypedDict):
    items: list[AuditEntry]
    next: str | None


class Bound(TypedDict):
    """The one end of an interval that is bounded."""

    low: NotRequired[float]
    """The number is at least this, at the policy's confidence."""
    high: NotRequired[float]
    """The number is at most this, at the policy's confidence."""


class BundleMetadata(TypedDict):
    """The metadata of a MONAI bundle, in the format of MONAI: `metadata.json`."""

    version: str
    changelog: dict[str, str]
    monai_version: str
    pytorch_version: str
    numpy_version: str
    required_packages_version: dict[str, str]
    name: str
    task: str
    description: str
    authors: str
    copyright: str
    intended_use: str
    network_data_format: dict[str, dict[str, dict[str, Any]]]
    """Shape, type and meaning of every input and output, by its name."""


SchemeItem: TypeAlias = int


class CaseProblem(TypedDict):
    file: str
    field: str
    reason: str


CaseState: TypeAlias = Literal["awaiting_upload", "inspecting", "ready", "refused", "withdrawn"]


class CheckedModel(TypedDict):
    """What `POST /models?dry_run=true` answers: the request can be used."""

    name: str
    """It is free."""


class ComparedExperiment(TypedDict):
    """One of the experiments."""

    id: str
    """Its id."""
    name: str | None
    """The name that it was given."""
    digest: str
    """Digest of its results."""
    definition: Literal["rajababu2025/1", "rajababu2025/2"]
    """The definition of the factors that its results follow. Values are the same in both; version 1 has fewer intervals."""
    origin: Literal["patients", "phantoms"] | None
    """What its cases are: scans of patients, or phantoms; null where its release did not say."""
    test_cases: int
    """How many test cases it has."""
    seeds: list[int]
    """Its training seeds."""
    partial: bool
    """Steps of it have failed, so that some arms may be missing."""


Experiment: TypeAlias = str


class ComparisonRequest(TypedDict):
    """Two to six experiments."""

    experiments: list[Experiment]
    """Ids. The others are compared with the first."""


class ComparisonVerdicts(TypedDict):
    """
    What holds for every region at once.

    `not every region` is that those of the list are inferior, or different, and not all regions
    are. Results of `rajababu2025/1` call it `inferior` or `different` where one region is.
    """

    non_inferiority: Literal["non-inferior", "not every region", "inferior", "inconclusive"]
    """Whether the model is not worse in any region."""
    equivalence: Literal["equivalent", "not every region", "different", "inconclusive"]
    """Whether the two are about equal in every region."""
    inferior_regions: NotRequired[list[str]]
    """The regions in which the model is inferior. Left out in results of `rajababu2025/1`."""
    different_regions: NotRequired[list[str]]
    """The regions in which the two differ. Left out in results of `rajababu2025/1`."""


class CountBySide(TypedDict):
    """Cases counted for each test set."""

    real: int
    """On the real test set."""
    synthetic: int
    """On the synthetic test set."""


class Counts(TypedDict):
    """How many cases of one region were used, left out, empty or missed."""

    used: int
    """Cases that entered the factors."""
    dropped: int
    """Cases that the policy `drop` left out."""
    empty: int
    """Cases with reference and both predictions empty."""
    mixed: int
    """Cases with an empty reference and a false positive on one side alone."""
    missed: CountBySide
    """Cases with a Dice of 0, or below 1e-6, where the reference is not known to be empty."""
    false_positive: CountBySide
    """Cases with a prediction where the reference is empty."""


class Crossing(TypedDict):
    """A change of sign of the gap of T1."""

    alpha: float
    """Where the gap is 0, by linear interpolation."""
    between: list[float]
    """The two α that were measured on either side."""


Tag: TypeAlias = str


class DatasetChanges(TypedDict):
    """What can be changed of a dataset, whatever its state. It is part of no digest."""

    name: NotRequired[str]
    tags: NotRequired[list[Tag]]
    """For your own lists; they are part of no result."""


DatasetState: TypeAlias = Literal["open", "inspecting", "ready"]


WithoutItem: TypeAlias = str


class Derivation(TypedDict):
    """The body of `POST /datasets/{id}/derive`."""

    name: NotRequired[str | None]
    """By default that of the dataset."""
    without: NotRequired[list[WithoutItem]]
    """Further cases to leave out."""


class DetectableMargins(TypedDict):
    """Smallest differences of mean Dice that can be shown; null where even 1 cannot."""

    non_inferiority: float | None
    """The smallest margin by which a share without any loss is found not worse than real data alone; also the smallest true loss that is found to be one."""
    equivalence: float | None
    """The smallest margin within which both test sets are found equivalent if they do not differ."""


class DetectableSource(TypedDict):
    """Where the spread of differences comes from."""

    kind: Literal["experiment", "published"]
    detail: str
    """The same as a sentence."""
    experiment: str | None
    """Id of your earlier experiment on this dataset, if it is of one."""


class DetectableWarning(TypedDict):
    """What a reader must know."""

    code: str
    detail: str
    """The same as a sentence."""


class Deviations(TypedDict):
    """Standard deviations of paired differences of Dice."""

    case_sd: float
    """Between cases."""
    seed_sd: NotRequired[float | None]
    """Between training seeds; null if it is unknown."""
    residual_sd: NotRequired[float | None]
    """Of what neither explains; null if it is unknown."""


class Discrepancy(TypedDict):
    """Squared maximum mean discrepancy of real images and twins over all features of an area."""

    value: float | None
    """The unbiased estimate, which may lie below 0; lower is better."""
    ci: list[float] | None
    """Low and high end of the 95 % jackknife interval over cases."""
    p: float | None
    """p value of equal distributions, by swaps within pairs."""
    bandwidth: float | None
    """Bandwidth of the Gaussian kernel, in standard deviations of the features."""
    n: int | None
    """How many cases were compared."""
    reason: str | None
    """Why there is no value, else null."""


class Drawing(TypedDict):
    """How a generator draws. The card of the model has the defaults."""

    model: NotRequired[str]
    """Name or id of a model."""
    sampler: NotRequired[Literal["ancestral", "ddim", "dpm++2m"] | None]
    steps: NotRequired[int | None]
    seed: NotRequired[int]
    precision: NotRequired[Literal["fp32", "tf32", "bf16"] | None]
    """Of the convolutions; null: what this installation is set to."""


class EquivalenceDefinition(TypedDict):
    """How equivalence of both test sets is tested."""

    path: str
    """Where it stands in an answer."""
    formula: str
    """How it is computed."""
    verdicts: dict[Literal["equivalent", "different", "inconclusive"], str]
    """What each verdict says."""
    undefined_when: str
    """When there is no test."""
    withheld_when: str
    """When `equivalent` is not given although the test would."""
    overall: str
    """What the test of the case's mean is."""
    every_region: str
    """What the verdict on all regions is."""
    citation: str
    """Where the tests come from."""


class EquivalenceOutcome(TypedDict):
    """Whether the model is neither worse nor better than the other by the margin."""

    p: float | None
    """p value of the favourable verdict, unadjusted."""
    power: float | None
    """Chance of the favourable verdict if the true difference is 0, in [0, 1]."""
    reason: str | None
    """What withheld a verdict where it is inconclusive, else null. Results of `rajababu2025/1` give null where the interval reaches past the margin."""
    verdict: Literal["equivalent", "different", "inconclusive"]
    """`inconclusive` is no finding of no difference."""


class EquivalenceTest(TypedDict):
    """Two one-sided paired t tests of real minus synthetic Dice against the margin."""

    verdict: Literal["equivalent", "different", "inconclusive"]
    """`equivalent`: the 90 % interval lies inside the margin. `different`: it lies outside. `inconclusive`: neither, which is no finding of no difference."""
    difference: float | None
    """Mean over cases of real minus synthetic Dice, in [-1, 1]; closer to 0 is better."""
    ci90: list[float] | None
    """Low and high end of the 90 % interval of `difference`, unadjusted."""
    p: float | None
    """p value of equivalence, unadjusted."""
    power: float | None
    """Chance to find equivalence if the true difference is 0, in [0, 1]; higher is better."""
    excludes_zero: NotRequired[bool | None]
    """Whether `ci90` excludes a difference of 0, which no verdict says; null without an interval. Left out in answers of `rajababu2025/1`."""
    reason: str | None
    """What withheld a verdict where it is inconclusive, else null. Answers of `rajababu2025/1` give null where the interval reaches past the margin."""


class Estimate(TypedDict):
    """A number averaged over training seeds, with its interval over cases."""

    value: float | None
    """The number. It is null where it is undefined; then `reason` says why."""
    ci: list[float] | None
    """Low and high end of the interval at the policy's confidence. It is null where there is none or an end is open; then `reason` says why."""
    bound: NotRequired[Bound]
    """The end that is bounded where the other is open, because so few cases or trainings say nothing of it; then `ci` is null. Left out elsewhere."""
    scope: Literal["this trained model", "training seeds"] | None
    """What interval or bound speak of: the trained model at hand, or other trainings too."""
    reason: str | None
    """Why the number or its interval is missing, else null."""
    seed_sd: float | None
    """Standard deviation over training seeds, in the unit of `value`; null with one seed."""


class EstimateBySide(TypedDict):
    """A number for each test set."""

    real: Estimate
    """On the real test set."""
    synthetic: Estimate
    """On the synthetic test set."""


class EstimatesBySide(TypedDict):
    """Numbers by region for each test set."""

    real: dict[str, Estimate]
    """By region, on the real test set."""
    synthetic: dict[str, Estimate]
    """By region, on the synthetic test set."""


class EveryRegionPower(TypedDict):
    """What holds for all regions at once."""

    power_at_least: float
    """A lower bound of the chance that every region is answered with yes, in [0, 1], however the regions depend on each other (Bonferroni)."""


class ExperimentChanges(TypedDict):
    """What can be changed of an experiment, whatever its state. It is part of no digest."""

    priority: NotRequired[int]
    """Of what a client waits for, the highest comes first, then the oldest."""
    name: NotRequired[str | None]
    tags: NotRequired[list[Tag]]
    """For your own lists; they are part of no result."""


class ExperimentError(TypedDict):
    slug: str
    text: str
    step: str | None
    kind: str | None
    failed_steps: int | None
    """How many of its steps have failed so far."""
    log: list[str]
    """The last lines that the worker of the step logged before it failed."""


class ExperimentRow(TypedDict):
    """The experiment as it was asked for."""

    id: str
    """Its id."""
    name: str | None
    """The name that it was given."""
    created: str
    """When it was asked for, as ISO 8601."""
    finished: str | None
    """When it ended, as ISO 8601."""


Alpha: TypeAlias = float


Seed: TypeAlias = int


class ExperimentSpread(TypedDict):
    """The spread that an earlier experiment of yours measured."""

    kind: Literal["experiment"]
    id: str
    """Id of the experiment."""
    alpha: NotRequired[float | None]
    """Where to measure. If it is left out, of all α the one with the widest error is taken, by region."""


class Expiry(TypedDict):
    """When a key expires."""

    expires: str | None
    """Null: never."""


class ExplicitSplit(TypedDict):
    """The caller's own split, by case id. Cases in none of the lists are left out."""

    train: list[str]
    test: list[str]
    validation: NotRequired[list[str]]


class Factors(TypedDict):
    """The five trust factors."""

    t1: EstimateBySide
    """Mean Dice over cases of the case's mean over its regions, in [0, 1]; higher is better."""
    t2: EstimateBySide
    """One minus the standard deviation over cases of the case's mean Dice over its regions, in [0.5, 1] at ddof 0; higher is better."""
    t3: dict[str, Estimate]
    """Cosine similarity of real and synthetic Dice over cases, by region, in [0, 1]; higher is better. Read it beside `companions.t3`."""
    t4: dict[str, Estimate]
    """Mean absolute difference of real and synthetic Dice over cases, by region, in [0, 1]; lower is better. Read it beside `companions.t4`."""
    t5: EstimatesBySide
    """Standard deviation over mean of Dice over cases, by region, 0 or above; lower is better. Read it beside `companions.t5`."""


class FeatureDistance(TypedDict):
    """How far a first-order feature of twins lies from that of real images."""

    distance: float | None
    """Wasserstein-1 distance in standard deviations over both, 0 or above; lower is better."""
    real: float | None
    """Mean of the feature over real images."""
    synthetic: float | None
    """Mean of the feature over twins."""
    n: int
    """How many cases were compared."""
    reason: str | None
    """Why there is no distance, else null."""


class FileLink(TypedDict):
    """A file to GET from its URL, without a key, before it expires."""

    url: str
    expires: str
    bytes: int
    sha256: str | None
    """Null while the file may still change."""


class GeneratorChoice(TypedDict):
    model: NotRequired[str]
    """Name or id of a model."""
    sampler: NotRequired[Literal["ancestral", "ddim", "dpm++2m"] | None]
    steps: NotRequired[int | None]
    seed: NotRequired[int]
    precision: NotRequired[Literal["fp32", "tf32", "bf16"] | None]
    """Of the convolutions; null: what this installation is set to."""
    twins: NotRequired[int]
    """Twins of each test case. The first serves the experiment; from two on, the second is scored too, as a noise floor of two draws from one label map."""


class GeneratorDomain(TypedDict):
    """The grid that a generator draws on. A generator of whole heads has no spacing and no grid."""

    shape: tuple[int, int, int]
    spacing_mm: NotRequired[tuple[float, float, float] | None]
    fit: NotRequired[Literal["exact", "crop"]]


class GeneratorTraining(TypedDict):
    """What a generator was trained on, by the ids of its card."""

    cases: int
    """How many cases the generator was trained on."""
    phantoms: int
    """How many of the cases are phantoms, made by a program."""


class GivenSpread(TypedDict):
    """A spread that you know, as an answer gave it or a paper prints it."""

    kind: Literal["given"]
    regions: dict[str, Deviations]
    """By region."""


ShapeItem: TypeAlias = int


SpacingMmItem: TypeAlias = float


class Grid(TypedDict):
    """A regular LPS grid, centred on each case's brain: voxels and millimetres along x, y, z."""

    shape: tuple[ShapeItem, ShapeItem, ShapeItem]
    spacing_mm: tuple[SpacingMmItem, SpacingMmItem, SpacingMmItem]


class Group(TypedDict):
    """The factors of one group of cases."""

    cases: int
    """How many cases the group has."""
    factors: Factors | None
    """Its factors; null with fewer than 20 cases."""
    reason: str | None
    """Why it has no factors, else null."""


class InspectionProgress(TypedDict):
    inspected: int
    total: int


class IntervalEstimate(TypedDict):
    """A number, its interval, and why either is missing."""

    value: float | None
    """The number. It is null where it is undefined; then `reason` says why."""
    ci: list[float] | None
    """Low and high end of the interval at the policy's confidence. It is null where there is none or an end is open; then `reason` says why."""
    bound: NotRequired[Bound]
    """The end that is bounded where the other is open, because so few cases or trainings say nothing of it; then `ci` is null. Left out elsewhere."""
    scope: Literal["this trained model", "training seeds"] | None
    """What interval or bound speak of: the trained model at hand, or other trainings too."""
    reason: str | None
    """Why the number or its interval is missing, else null."""


JobKind: TypeAlias = Literal[
    "synthesis",
    "segmentation",
    "trust_score",
    "model_import",
    "model_training",
    "model_export",
    "report_pdf",
]


class JobProblemField(TypedDict):
    pointer: str
    """`/files/<role>`, or a pointer into the request."""
    detail: str


class Kendall(TypedDict):
    """Kendall's rank test of a factor against α."""

    tau: float
    """Rank correlation, in [-1, 1]; above 0 the factor rises."""
    p: float
    """Exact two-sided p value."""


KeyState: TypeAlias = Literal["active", "expired", "revoked"]


Kind: TypeAlias = Literal[
    "receive_upload",
    "inspect_case",
    "synthesise_case",
    "train_generator",
    "train_segmenter",
    "predict_cases",
    "score_cases",
    "compare_twin",
    "build_report",
    "print_report",
    "export_images",
    "segment_case",
    "export_bundle",
    "score_volumes",
    "import_model",
    "imported_model",
]
"""The kinds of artifact. A step of the same name computes each but `IMPORTED_MODEL`."""


class KindCost(TypedDict):
    """The steps of one kind."""

    total: int
    """How many the experiment has."""
    done: int
    """How many of them are there already."""
    bytes: int | None
    """What the others will store: their number times the median."""
    device_hours: float | None
    """What the others will take: median rate of done steps times their work."""
    reason: str | None
    """Why it is null, else null."""


class KindCount(TypedDict):
    done: int
    total: int
    running: int


class KindUsage(TypedDict):
    steps: int
    device_hours: float


class LimitsChange(TypedDict):
    """Limits of a client. What is left out stays; null is the installation's own limit."""

    max_running_steps: NotRequired[int | None]
    max_stored_bytes: NotRequired[int | None]
    max_requests_per_minute: NotRequired[int | None]


class LowestT4(TypedDict):
    """The α at which T4 of one region is lowest."""

    verdict: Literal["lowest", "undecided"]
    """`undecided` where training noise could explain it or is not measured."""
    alpha: float | None
    """The α with the lowest T4; null where T4 is undefined at some α."""
    reason: str | None
    """Why it is undecided, else null."""


class MadeBy(TypedDict):
    """The experiment that trained it; equal mixes, of several α or controls, are one model."""

    experiment: str
    name: str | None
    seed: int
    alphas: list[float]
    controls: list[str]


class MeanOverCases(TypedDict):
    """A mean over cases with its t interval."""

    value: float | None
    """The mean; null where no case has a value."""
    ci: list[float] | None
    """Low and high end of the 95 % interval; null below three cases."""
    sd: float | None
    """Standard deviation over cases; null below three cases."""
    n: int
    """How many cases have a value."""
    reason: str | None
    """Why there is no mean, else null."""


class MeasureDefinition(TypedDict):
    """What one kind of number about twins is."""

    text: str
    """How it is measured."""
    unit: str | None
    """Its unit; null where it has none."""
    range: str | None
    """Its lowest and highest value, as text; null where it is open."""
    direction: str | None
    """Which way is better, as text; null where neither is."""


class MissingSeed(TypedDict):
    """A training without scores."""

    control: Literal["real_only", "augmentation_only", "real_plus_twins", "shuffled_masks"] | None
    """The control that it belongs to; null where it is one of a mix."""
    alpha: float | None
    """Share of real data in training; null where the control belongs to no α."""
    seed: int
    """The training seed."""
    reason: str
    """Which step failed, and how."""


class MissingTwin(TypedDict):
    """A case whose twins were not drawn or not compared."""

    case: str
    """Id of the case."""
    reason: str
    """Which step failed, and how."""


class Mix(TypedDict):
    """What the models of an arm were trained on."""

    n_real: int
    """How many real images."""
    n_synthetic: int
    """How many twins."""
    realised: float
    """Share of real images, in [0, 1]; α rounded to whole images."""
    anatomies: int
    """How many distinct cases."""
    seed: int
    """The training seed whose ids are listed; each seed draws anew."""
    real_ids: list[str]
    """Cases that were real images, sorted."""
    synthetic_ids: list[str]
    """Cases that were twins, sorted."""
    same_as: list[float]
    """Other α with the same trainings, which are computed once."""


class Moments(TypedDict):
    """What to read beside T5 of one region and test set."""

    mean: float | None
    """Mean Dice over cases, in [0, 1]; higher is better."""
    sd: float | None
    """Standard deviation of Dice over cases, 0 or above; lower is better."""
    iqr: float | None
    """Interquartile range of Dice over cases, in [0, 1]; lower is better."""


class MomentsBySide(TypedDict):
    """Moments by region for each test set."""

    real: dict[str, Moments]
    """By region, on the real test set."""
    synthetic: dict[str, Moments]
    """By region, on the synthetic test set."""


class NewDataset(TypedDict):
    name: str
    grid: NotRequired[Grid | Literal["native"]]
    """"native", or the one grid every case is resampled to on inspection."""
    scheme: NotRequired[
        Literal["auto", "brats2021", "brats2023", "brats2024", "med_ddpm"]
        | dict[Literal["NCR", "ED", "ET", "brain", "background"], int | list[SchemeItem]]
    ]
    """Label scheme of cases that do not name their own."""
    origin: NotRequired[Literal["patients", "phantoms"]]
    """Whether its images are scans of patients, or phantoms that a program made. Reports call phantoms "reference images" and never real ones."""
    tags: NotRequired[list[Tag]]
    """For your own lists; they are part of no result."""


SeenItem: TypeAlias = str


class NewSynthesis(TypedDict):
    """The body of `POST /syntheses`."""

    upload: str
    """With `seg`, and `brain` unless the scheme labels the brain."""
    generator: NotRequired[Drawing]
    twin: NotRequired[int]
    """Another number draws another volume."""
    fit: NotRequired[Literal["resize"] | None]
    """Squeeze the mask into the generator's grid and stretch the images back; if null the grid is cut out around the brain, and a mask it does not hold is refused."""


class NoiseFloor(TypedDict):
    """T3 and T4 that noise alone gives at one α."""

    alpha: float
    """Share of real data in training."""
    t3: dict[str, Estimate]
    """Cosine similarity by region; T3 above it is no merit."""
    t4: dict[str, Estimate]
    """Mean absolute difference by region; T4 below it is no merit."""


class NonInferiorityOutcome(TypedDict):
    """Whether the model is not worse than the other by the margin."""

    p: float | None
    """p value of the favourable verdict, unadjusted."""
    power: float | None
    """Chance of the favourable verdict if the true difference is 0, in [0, 1]."""
    reason: str | None
    """What withheld a verdict where it is inconclusive, else null. Results of `rajababu2025/1` give null where the interval reaches past the margin."""
    verdict: Literal["non-inferior", "inferior", "inconclusive"]
    """`inconclusive` is no finding of no difference."""


class PairedDifferences(TypedDict):
    """
    Mean paired differences of Dice on one test set, each by itself: for several regions and α
    nothing is adjusted.
    """

    cases: int | None
    """How many cases are paired; null where none are."""
    seeds: int | None
    """How many training seeds are paired; null where none are."""
    regions: dict[str, IntervalEstimate] | None
    """By region: this experiment minus the first, in Dice, with its 95 % interval. Above 0 this one is better. It is null where cases or trainings are not the same."""
    overall: IntervalEstimate | None
    """The same of the case's mean over its regions."""
    reason: str | None
    """Why nothing is paired, else null."""


class PilotCase(TypedDict):
    """The Dice of one case under one training seed, as `POST /trust-score` takes it."""

    id: str
    real: dict[str, float | None]
    """Dice on the real image, by region."""
    synthetic: dict[str, float | None]
    """Dice on the synthetic image, by region."""
    group: NotRequired[str | None]
    """It has no effect."""
    seed: NotRequired[int]
    """Training seed."""


class PilotSpread(TypedDict):
    """The spread of a table of Dice."""

    kind: Literal["pilot"]
    cases: list[PilotCase] | list[str]
    """Cases, or the lines of a table that `POST /trust-score` reads, the header first."""
    real_alone: NotRequired[list[PilotCase] | list[str] | None]
    """The same of models that were trained on real data alone. Non-inferiority needs it: the real test sets of both tables are compared. Equivalence takes none."""
    empty: NotRequired[Literal["brats", "drop", "zero"]]
    """What a null Dice counts as: 1, nothing (the pair is left out), or 0."""


class PlanWarning(TypedDict):
    """What a reader must know of a plan."""

    code: Literal[
        "few_cases",
        "few_seeds",
        "seeds_not_measured",
        "few_measured_cases",
        "few_measured_seeds",
        "recommendation_takes_more",
        "assumed_correlation",
    ]
    """What it is about; stable."""
    detail: str
    """The same as a sentence."""


class PlatformVersions(TypedDict):
    """Versions of what answered."""

    syntrust: str
    """Of the gateway."""
    python: str
    """Of Python."""


class PointPower(TypedDict):
    """What a number of test cases can show."""

    power: float
    """Chance that the question is answered with yes, in [0, 1], of this region alone."""
    detectable: float | None
    """Smallest margin, in Dice, that is met at the target power if there is no true difference. For non-inferiority it is also the smallest true loss that a one-sided test finds. It is null where even a margin of 1 is not met."""


class Policy(TypedDict):
    """How the scores were read, with every default written out."""

    empty: Literal["brats", "drop", "zero"]
    """What a null Dice counts as: `brats` 1, `zero` 0, and `drop` leaves the pair out."""
    ddof: int
    """The standard deviation: 0 of the population, 1 of a sample."""
    confidence: float
    """Level of every interval, in [0.5, 1)."""
    resamples: int
    """Bootstrap draws. Below 100 there is no interval."""
    seed: int
    """Seed of the bootstrap."""
    margin: float
    """Equivalence margin in Dice."""


class PolicyChoice(TypedDict):
    """How the scores are to be read; a field that is left out has its default."""

    empty: NotRequired[Literal["brats", "drop", "zero"]]
    """What a null Dice counts as: `brats` 1, `zero` 0, and `drop` leaves the pair out."""
    ddof: NotRequired[Literal[0, 1]]
    """The standard deviation: 0 of the population, 1 of a sample."""
    confidence: NotRequired[float]
    """Level of every interval, in [0.5, 1)."""
    resamples: NotRequired[int]
    """Bootstrap draws, 0 to 20000. Below 100 there is no interval."""
    seed: NotRequired[int]
    """Seed of the bootstrap, 0 or above."""
    margin: NotRequired[float]
    """Equivalence margin in Dice, in (0, 1]."""


CurveItem: TypeAlias = int


class PredictionsBody(TypedDict):
    experiment: str
    model: str
    test_set: Literal["real", "synthetic", "synthetic_again"]
    cases: dict[str, str]
    """What `predictions.json` calls each."""
    files: dict[str, FileLink]
    """`<case>.nii.gz`, on the dataset's grid: 0 background, 1 NCR, 2 ED, 3 ET; `<case>.p-<label>.nii.gz` where probabilities were asked for; and `predictions.json`, with voxels and mean entropy of each region."""


class ProblemField(TypedDict):
    pointer: str
    """JSON pointer into the request."""
    detail: str


class Progress(TypedDict):
    """How far a running step is. `detail` holds numbers worth showing, as a loss."""

    done: int
    total: int
    detail: NotRequired[dict[str, float | int | str]]


class PublishedSpread(TypedDict):
    """The spread of published scores of one model on BraTS 2021."""

    kind: Literal["published"]
    correlation: NotRequired[float]
    """Assumed of two models' Dice over cases."""


class QuantityDefinition(TypedDict):
    """What one quantity of an answer is."""

    name: str
    """Its name in words."""
    path: str
    """Where it stands in an answer; {side} and {region} stand for the names."""
    formula: str
    """How it is computed."""
    range: list[float | None]
    """Lowest and highest value; an open end is null."""
    direction: Literal["higher is better", "lower is better"] | None
    """Which way is better; null where neither is."""
    undefined_when: str
    """When it has no value."""
    interval: str | None
    """How its interval is computed and where an end is open; null where it has none."""
    citation: str | None
    """Where it comes from; null where it is our own."""


Queue: TypeAlias = Literal["generator", "segmenter", "metrics"]


class QueueCost(TypedDict):
    """What one kind of worker has to do."""

    device_hours: float | None
    reason: str | None
    """Why it is null, else null."""


class QueueLoad(TypedDict):
    due: int
    """Steps that are ready or run now."""
    workers: int
    """Workers that gave a sign of life lately."""


class Queues(TypedDict):
    queues: dict[str, QueueLoad]
    """By name of the queue."""


class RandomSplit(TypedDict):
    """A random split by patient; validation cases are set aside before mixing."""

    seed: NotRequired[int]
    test_fraction: NotRequired[float]
    validation_fraction: NotRequired[float]


class Ready(TypedDict):
    status: Literal["ready", "degraded"]
    """degraded: work is taken, and waits for an orchestrator or a worker."""
    checks: dict[str, str]
    """`ok`, or what is wrong, of database, store, queue, orchestrator and clocks (of workers and orchestrators, against the queue server's)."""
    workers: dict[str, int]
    """Live workers by queue."""


class Ref(TypedDict):
    """The name of an artifact. All keys in the store that belong to it are made here."""

    kind: Kind
    id: str


class RegionPower(TypedDict):
    """What a design can show of one region, and what it would take."""

    power: float
    """Chance that the question is answered with yes, in [0, 1], of this region alone."""
    detectable: float | None
    """Smallest margin, in Dice, that is met at the target power if there is no true difference. For non-inferiority it is also the smallest true loss that a one-sided test finds. It is null where even a margin of 1 is not met."""
    cases_needed: int | None
    """Fewest test cases that reach the target power with these seeds, at least 50. It is null where 100000 do not; then `reason` says why."""
    seeds_needed: int | None
    """Fewest training seeds that reach the target power with these test cases, at least 3. It is null where 100 do not, or the spread of seeds is unknown; then `reason` says why."""
    reason: str | None
    """Why a number is missing, else null."""


class RegionSpread(TypedDict):
    """How much paired differences of Dice spread, and because of what."""

    case_sd: float
    """Standard deviation between cases, in Dice; with one measured seed it holds the residual."""
    seed_sd: float | None
    """Standard deviation between training seeds, in Dice; null where one seed was measured."""
    residual_sd: float | None
    """Standard deviation of what neither explains, in Dice; null where one seed was measured."""
    alpha: float | None
    """The α that it was measured at: of several, the one with the widest error for the cases and seeds that were asked for. It is null where it is not of an experiment."""


class RegisteredCase(TypedDict):
    dataset: str
    """Id of a dataset."""
    id: str


class RemovedBody(TypedDict):
    """What a deletion has removed. What others share stays."""

    datasets: list[str]
    experiments: list[str]
    jobs: list[str]
    models: list[str]
    uploads: list[str]
    steps: int
    """Results that nobody else has."""
    objects: int
    """Files that were removed from the store."""


class RequestLimits(TypedDict):
    """How much one request may hold."""

    cases: int
    """Entries of `cases`."""
    regions: int
    """Regions of a case."""
    seeds: int
    """Training seeds."""
    groups: int
    """Groups of cases."""
    cases_x_resamples: int
    """Entries of `cases` times resamples."""
    seeds_x_regions_x_resamples: int
    """Training seeds times regions times resamples."""


class ResolvedGenerator(TypedDict):
    name: str
    model: Ref
    sampler: Literal["ancestral", "ddim", "dpm++2m"]
    steps: int
    seed: int
    twins: NotRequired[int]
    precision: NotRequired[Literal["fp32", "tf32", "bf16"] | None]
    training: NotRequired[GeneratorTraining | None]


class ResolvedStart(TypedDict):
    name: str
    model: Ref


Role: TypeAlias = Literal["admin", "user"]


class Rotation(TypedDict):
    """For how long the old key is still good."""

    overlap_seconds: NotRequired[int]


class RunChanges(TypedDict):
    """What can be changed of an experiment or a job."""

    priority: int
    """Of what a client waits for, the highest comes first, then the oldest."""


RunState: TypeAlias = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
"""The state of a run: an experiment or a job."""


class RunningStep(TypedDict):
    step: str
    kind: Kind
    progress: Progress | None


class Sampling(TypedDict):
    sampler: Literal["ancestral", "ddim", "dpm++2m"]
    steps: int


class SamplingDefault(TypedDict):
    sampler: Literal["ancestral", "ddim", "dpm++2m"]
    steps: int


Scope: TypeAlias = Literal["monitor", "score", "run", "admin"]
"""What a key opens; each opens what the ones before it do."""


class Score(TypedDict):
    """One number out of the factors. Never read it without them."""

    definition: Literal["syntrust/1"]
    """The version of the formula."""
    parts: dict[Literal["s0", "s1", "s2", "s3", "s4", "s5"], float | None]
    """The six parts, each in [0, 1]; higher is better."""
    value: float | None
    """100 times the geometric mean of the parts, in [0, 100]; higher is better. It is null where a part is undefined."""
    ci: list[float] | None
    """Low and high end of the interval at the policy's confidence; null where there is none or an end is open."""
    bound: NotRequired[Bound]
    """The end that is bounded where the other is open. Left out elsewhere."""
    scope: NotRequired[Literal["this trained model", "training seeds"] | None]
    """What the interval speaks of. Left out in answers of `rajababu2025/1`."""
    seed_sd: NotRequired[float | None]
    """Standard deviation of the score over training seeds; null with one seed. Left out in answers of `rajababu2025/1`."""
    weakest: Literal["s0", "s1", "s2", "s3", "s4", "s5"] | None
    """The lowest part."""
    reason: str | None
    """Why the score or its interval is missing, else null."""


class ScorePartDefinition(TypedDict):
    """What one part of the score is."""

    path: str
    """Where it stands in an answer."""
    formula: str
    """How it is computed."""
    range: list[float]
    """Lowest and highest value."""


class ScoredCase(TypedDict):
    """The Dice of one case under one training seed, on its real image and on its twin."""

    id: str
    """Name of the case, 1 to 200 characters. It is unique for each seed."""
    real: dict[str, float | None]
    """Dice on the real image by region, in [0, 1]; higher is better. It is null where reference and prediction are both empty."""
    synthetic: dict[str, float | None]
    """Dice on the synthetic image by region, in [0, 1]; higher is better. It is null where reference and prediction are both empty."""
    group: NotRequired[str | None]
    """A group of cases, such as a site. Groups of 20 cases or more get factors of their own."""
    seed: NotRequired[int]
    """The training seed of the model that was scored. It is 0 where it is left out."""


class SeedFloor(TypedDict):
    """T3 and T4 of real test images under two training seeds."""

    reason: str | None
    """Why it was not measured, else null."""
    pairs: list[list[int]]
    """The training seeds that were compared. No two pairs share one."""
    alphas: list[NoiseFloor]
    """For each α; empty where it was not measured."""


class SeenCase(TypedDict):
    id: str
    fingerprint: NotRequired[str | None]


class SegmentationRecord(TypedDict):
    """What was found, how sure the model is of it, and what found it: `segmentation.json`."""

    version: NotRequired[int]
    model: Ref
    weights_digest: str
    labels: dict[Literal["ET", "ED", "NCR"], int]
    """The value of each region in the file."""
    voxels: dict[Literal["ET", "ED", "NCR"], int]
    """On the grid of the upload."""
    volumes_ml: dict[Literal["ET", "ED", "NCR"], float]
    """Of the same voxels."""
    entropy: dict[Literal["ET", "ED", "NCR"], float | None]
    """Mean over a region's predicted voxels of -Σ p ln p over background, NCR, ED and ET: 0 is certain, ln 4 = 1.386 knows nothing; null: no such voxel."""
    brain_ml: float
    brain_source: Literal["label", "file", "t1"]
    use: NotRequired[str]


class SegmenterChoice(TypedDict):
    preset: NotRequired[Literal["tiny", "base", "full"]]
    iterations: NotRequired[int | None]
    overrides: NotRequired[dict[str, float | int | bool | str]]
    start: NotRequired[str | None]
    """Name or id of the weights that each training starts from: imported ones (self-supervised, or released for BraTS 2021), or a segmenter; null: fresh ones."""
    probabilities: NotRequired[bool]
    """Predict the probability of each label, too."""


class SegmenterSummary(TypedDict):
    """It draws label maps for four modalities."""

    id: str
    """That of the job that made it, or of a shipped card."""
    name: str
    origin: Literal["shipped", "imported", "trained"]
    created: str | None
    parameters: int | None
    kind: Literal["segmenter"]
    seen_cases: int
    """How many cases it was trained on."""
    grid: Grid | None
    """Images are brought to it; null: they stay on their own."""
    preset: str
    head: str
    weights_digest: str
    validation_dice: dict[Literal["real", "twin"], dict[str, float | None]]
    """Means at the last validation, over real images and over twins."""
    revision: str | None
    """Of the source that trained it, in git."""
    made_by: MadeBy | None


class Sensitivity(TypedDict):
    """T3 and T4 under another policy for empty regions."""

    empty: Literal["drop"]
    """The other policy: pairs with an empty reference are left out."""
    t3: dict[str, Estimate]
    """Cosine similarity by region; higher is better."""
    t4: dict[str, Estimate]
    """Mean absolute difference by region; lower is better."""


class SessionBody(TypedDict):
    """Who is signed in, as whom, and until when."""

    client: str
    role: Role
    """`user` if the key's scope is less than `admin`."""
    scope: Scope
    """The scope of the key."""
    csrf_token: str
    """For the header `X-CSRF-Token` of every request that changes something."""
    expires: str
    """When to sign in again, at the latest."""


class Setting(TypedDict):
    """A setting in which the experiments differ."""

    setting: str
    """JSON pointer into `spec`."""
    values: list[str | float | bool | list[str] | list[float] | None]
    """Its value in each experiment, in their order; null where it has none. A long list is told by how many entries it has."""


class ShareAbove(TypedDict):
    """How many seen sources resemble their twins more than nearly all unseen ones do."""

    value: float | None
    """Share of seen sources above the 95th percentile of unseen ones, in [0, 1]; lower is better."""
    ci: list[float] | None
    """Low and high end of Wilson's 95 % interval."""
    expected: float
    """The share that is expected without memorisation."""


class ShareTest(TypedDict):
    """Whether one share of synthetic images did no harm in one region."""

    alpha: float
    """Share of real data in training, in [0, 1)."""
    cases: int
    """How many real test cases were compared."""
    difference: float | None
    """Mean Dice less that of real data alone, in [-1, 1]; above 0 synthetic data helps."""
    low: float | None
    """Lower one-sided 95 % bound of `difference`; null with fewer than ten cases."""
    high: float | None
    """Upper one-sided 95 % bound of `difference`."""
    p: float | None
    """One-sided p value of a true loss of at least the margin."""
    verdict: Literal["not worse", "worse", "undecided"]
    """`not worse`: a true loss of at least the margin is excluded. `worse`: it is shown."""
    reason: (
        Literal[
            "fewer than 10 cases",
            "fewer than 50 cases",
            "the bound lies beyond the margin",
            "rare large failures",
            "failures too rare to be seen",
        ]
        | None
    )
    """Why it is undecided, else null."""


class SignIn(TypedDict):
    key: str
    """Your API key, sent this once."""


class SizeCorrelation(TypedDict):
    """
    Spearman's correlation of region volume and Dice, in [-1, 1]; above 0 large regions score
    higher.
    """

    value: float | None
    """The number. It is null where it is undefined; then `reason` says why."""
    ci: list[float] | None
    """Low and high end of the interval at the policy's confidence. It is null where there is none or an end is open; then `reason` says why."""
    bound: NotRequired[Bound]
    """The end that is bounded where the other is open, because so few cases or trainings say nothing of it; then `ci` is null. Left out elsewhere."""
    scope: Literal["this trained model", "training seeds"] | None
    """What interval or bound speak of: the trained model at hand, or other trainings too."""
    reason: str | None
    """Why the number or its interval is missing, else null."""
    seed_sd: float | None
    """Standard deviation over training seeds, in the unit of `value`; null with one seed."""
    cases: int
    """How many cases have the region."""


class SizeEffect(TypedDict):
    """Whether large regions score higher than small ones at one α."""

    alpha: float
    """Share of real data in training."""
    real: dict[str, SizeCorrelation]
    """By region, on the real test set."""
    synthetic: dict[str, SizeCorrelation]
    """By region, on the synthetic test set."""


class Spread(TypedDict):
    """Standard deviations of the paired difference in Dice, by where they come from."""

    cases: float
    """Between test cases, the same for all trainings."""
    seeds: float | None
    """Between training seeds, the same for all cases; null with one seed."""
    rest: float | None
    """Of one case in one training, beside both; null with one seed."""


class SpreadSource(TypedDict):
    """Where the spread comes from."""

    kind: Literal["experiment", "pilot", "published", "given"]
    """An earlier experiment, a pilot table, published scores, or numbers of the caller."""
    detail: str
    """The same as a sentence."""
    experiment: str | None
    """Id of the experiment, if it is of one."""
    cases: int | None
    """How many cases were measured; null if the caller gave the numbers."""
    seeds: int | None
    """How many training seeds were measured; null if the caller gave the numbers."""
    correlation: float | None
    """The assumed correlation of two models' Dice over cases; null where both were measured."""
    regions: dict[str, RegionSpread]
    """By region."""
    overall: RegionSpread | None
    """Of the case's mean Dice over its regions; null if the caller gave the numbers."""


class StartCard(TypedDict):
    """The card of weights that a segmenter's training may start from."""

    layout: str
    preset: NotRequired[str | None]
    head: NotRequired[str | None]
    source: str
    weights_digest: str


class StartSummary(TypedDict):
    """A segmenter's training may start from it; it predicts nothing by itself."""

    id: str
    """That of the job that made it, or of a shipped card."""
    name: str
    origin: Literal["shipped", "imported", "trained"]
    created: str | None
    parameters: int | None
    kind: Literal["start_weights"]
    layout: str
    preset: str | None
    head: str | None
    source: str
    weights_digest: str


class StepCount(TypedDict):
    done: int
    total: int
    by_kind: dict[Kind, KindCount]


class StepError(TypedDict):
    """Why an attempt failed. `text` is what a caller may read."""

    fault: Literal["caller", "world", "ours"]
    slug: str
    text: str
    context: NotRequired[dict[str, str | int | float | bool | None]]
    host: str
    at: str
    log: NotRequired[list[str]]
    """The last lines that the worker logged in this attempt."""


class StepFault(TypedDict):
    slug: str
    text: str


Case: TypeAlias = str


class Training(TypedDict):
    dataset: str
    """Id of a ready dataset."""
    cases: NotRequired[list[Case] | None]
    """Of the dataset; all if null."""
    config: NotRequired[dict[str, Any] | None]
    """Architecture and recipe; if null those of `start`, or of the model `tiny`."""
    start: NotRequired[str | None]
    """A model to go on from."""
    seed: NotRequired[int]
    iterations: int


class TrainingCase(TypedDict):
    """A training case: its real image or its twin, perhaps with another case's labels."""

    id: str
    image: Literal["real", "twin"]
    labels: str | None
    """The case whose labels it had; null: its own."""


TrainingImage: TypeAlias = str


class TrainingSet(TypedDict):
    digest: str | None
    """Of the images' contents, in their order."""
    cases: list[TrainingCase] | None
    """Null: it came from elsewhere."""


class Trend(TypedDict):
    """Whether a factor rises or falls as α grows."""

    verdict: Literal["rising", "falling", "undecided"]
    """`undecided` where training noise could explain the curve or is not measured."""
    slope: float | None
    """Change per unit of α, mean over training seeds."""
    ci: list[float] | None
    """Low and high end of the slope's t interval over training seeds; null below three seeds."""
    kendall: Kendall | None
    """The test that decides with one or two seeds and at least five α; else null."""
    reason: str | None
    """Why it is undecided, else null."""


class TrendBySide(TypedDict):
    """A trend for each test set."""

    real: Trend
    """On the real test set."""
    synthetic: Trend
    """On the synthetic test set."""


class Trends(TypedDict):
    """The trend of each factor that the curve describes."""

    difference: Trend
    """Of T1 on real minus T1 on synthetic test images."""
    t1: TrendBySide
    """Of T1 on each test set."""
    t3: dict[str, Trend]
    """Of T3 by region."""
    t4: dict[str, Trend]
    """Of T4 by region."""


class TrustWarning(TypedDict):
    """What a reader must know before believing the factors."""

    code: Literal[
        "one_case",
        "no_interval",
        "low_n",
        "zero_policy",
        "false_positives_dropped",
        "mixed_pairs",
        "ungrouped_cases",
    ]
    """What it is about; stable."""
    detail: str
    """The same as a sentence."""


class TwinDiversity(TypedDict):
    """How several twins of one label map differ."""

    cases: int
    """How many cases have several twins."""
    sd: dict[
        Literal["t1", "t1ce", "t2", "flair"],
        dict[Literal["brain", "healthy", "ET", "ED", "NCR"], MeanOverCases],
    ]
    """Voxelwise standard deviation over twins in z-scores, by modality and area; higher is more diverse."""
    ms_ssim: dict[Literal["t1", "t1ce", "t2", "flair"], MeanOverCases]
    """Structural similarity of neighbouring twins by modality, at most 1; lower is more diverse."""


class TwinFiles(TypedDict):
    """One twin of a case, on the dataset's grid; its label map is that of the case."""

    case: str
    twin: int
    """0 is the first twin, which trains and tests."""
    files: dict[str, FileLink]
    """`<case>_synthetic-<twin>_<modality>.nii.gz`, and `<case>_synthetic-<twin>.json` with its origin."""


class TwinFloor(TypedDict):
    """T3 and T4 of first twins against second twins of the same label maps."""

    reason: str | None
    """Why it was not measured, else null."""
    alphas: list[NoiseFloor]
    """For each α; empty where it was not measured."""


FieldOfViewItem: TypeAlias = tuple[int, int]


class TwinRecord(TypedDict):
    """Where a twin comes from: `twin.json`. Equal draws write equal files."""

    version: NotRequired[int]
    notice: NotRequired[str]
    generator: str
    weights_sha256: str
    label_map_digest: str
    sampler: str
    steps: int
    seed: int
    """The generator seed that was asked for."""
    twin: int
    redraw: int
    """0 unless earlier draws failed quality control."""
    draw_seed: str
    rejected: list[list[str]]
    """Why, per earlier draw."""
    device: str
    precision: str
    """Of the convolutions; all else is float32."""
    compiled: bool
    fit: str
    """How the case came onto the generator's grid: exact, crop, resize."""
    field_of_view: tuple[FieldOfViewItem, FieldOfViewItem, FieldOfViewItem]
    """First voxel and end along x, y, z; beyond, the twin is background."""
    lost_voxels: dict[str, int]
    """Of each region and of the brain, beyond that."""
    warnings: list[str]
    intensity: str
    background: NotRequired[float]
    """The value outside the brain."""


class TwinsBody(TypedDict):
    experiment: str
    warning: str
    done: int
    """Twins that are drawn, of cases not withdrawn."""
    total: int
    """Twins that the experiment draws of these."""
    items: list[TwinFiles]
    next: str | None


class UnseenWarning(TypedDict):
    """What a reader must know of the results on unseen cases."""

    code: Literal["few_unseen"]
    """What it is about; stable."""
    detail: str
    """The same as a sentence."""


class UploadSpec(TypedDict):
    sha256: str
    """Of the file as it will be uploaded."""
    bytes: int


class UploadTarget(TypedDict):
    """Where to PUT one file, at exactly its announced size; both null where you have put it."""

    url: str | None
    expires: str | None


class UploadedFile(TypedDict):
    bytes: int
    sha256: str
    arrived: bool
    """At its full size; its SHA-256 is checked before a job uses it."""
    problem: str | None
    """Why it was refused; then announce a new upload."""
    url: str | None
    """Where to PUT it, until it has arrived."""
    expires: str | None


class ValidationPoint(TypedDict):
    iteration: int
    image: Literal["real", "twin"]
    dice: dict[str, float | None]


class VolumeCaseRequest(TypedDict):
    id: str
    upload: str
    """With `seg`, `prediction_real` and `prediction_synthetic`."""
    group: NotRequired[str | None]


class VolumeGroups(TypedDict):
    """The factors of small to large tumours at one α."""

    alpha: float
    """Share of real data in training."""
    groups: dict[str, Group]
    """From "1", the smallest tumours, to "5"."""


class VolumeQuintiles(TypedDict):
    """The factors of each fifth of the test cases by volume of the whole tumour."""

    edges_ml: list[float]
    """The six bounds of the fifths in ml; empty with fewer than 100 test cases."""
    alphas: list[VolumeGroups]
    """For each α; empty with fewer than 100 test cases."""
    reason: str | None
    """Why there are none, else null."""


class WithdrawnBody(TypedDict):
    """What the withdrawal of a case has done."""

    dataset: str
    case: str
    failed_runs: list[str]
    """They used the case and had not ended."""
    models_marked: list[str]
    """Kept; their cards name the case."""
    models_deleted: list[str]
    reports_cut: list[str]
    """Experiments that have ended with the case among theirs: report.html, and figure 2 if it may show it, are gone; their numbers stay."""
    kept_for: list[str]
    """Other datasets of yours that hold the case."""
    objects: int
    """Files that were removed from the store."""


class WorkingStep(TypedDict):
    step: str
    kind: Kind | None
    client: str | None
    """Who asked for the step first."""
    since: str
    progress: Progress | None


class Agreement(TypedDict):
    """What to read beside T3 of one region."""

    correlation: Estimate
    """Pearson's correlation of real and synthetic Dice, in [-1, 1]; higher is better."""
    concordance: Estimate
    """Lin's concordance of real and synthetic Dice, in [-1, 1]; higher is better."""
    shuffled: float | None
    """T3 if pairing meant nothing. A T3 no higher than this shows no agreement case by case."""


class ArtifactRef(TypedDict):
    """An artifact by what it is."""

    kind: Kind
    id: str


class AttemptRecord(TypedDict):
    """One attempt to compute a step."""

    attempt: str
    """Id of the attempt."""
    host: str
    """The machine that made it."""
    started: str
    """When it began, as ISO 8601."""
    error: StepError | None
    """How it failed; null where it did not."""


class BusyWorker(TypedDict):
    """What a worker of the queue computes, whoever asked for it."""

    kind: Kind
    since: str


class CaseBody(TypedDict):
    id: str
    group: str | None
    patient: str
    """As it was named, else as the id tells."""
    scheme: (
        Literal["auto", "brats2021", "brats2023", "brats2024", "med_ddpm"]
        | dict[Literal["NCR", "ED", "ET", "brain", "background"], int | list[SchemeItem]]
    )
    state: CaseState
    problems: list[CaseProblem]
    warnings: list[str]
    region_volumes_ml: dict[Literal["ET", "ED", "NCR"], float] | None


class CaseFilesBody(TypedDict):
    dataset: str
    case: str
    files: dict[str, FileLink]
    """`<case>_<name>.nii.gz` of t1, t1ce, t2, flair, labels (0 background, 1 NCR, 2 ED, 3 ET) and brain, on the dataset's grid; and `<case>.json`, its record."""


class ClaimComparison(TypedDict):
    """One comparison that a claim rests on."""

    comparison: str
    """What is compared, as text."""
    alpha: NotRequired[float | list[float]]
    """The α of the comparison, or the two α that are compared."""
    difference: NotRequired[float | None]
    """First minus second quantity of the comparison, in its unit."""
    ci: NotRequired[list[float] | None]
    """Low and high end of the interval of the difference or slope at the policy's confidence."""
    ci90: NotRequired[list[float] | None]
    """Low and high end of the 90 % interval of the difference."""
    p: NotRequired[float | None]
    """p value of equivalence."""
    slope: NotRequired[float | None]
    """Change per unit of α, mean over training seeds."""
    kendall: NotRequired[Kendall | None]
    """Kendall's rank test of the factor against α."""
    verdict: Literal["holds", "fails", "undecided"]
    """What this comparison says of the claim."""
    reason: str | None
    """Why it says no more, else null."""


class ClientBody(TypedDict):
    id: int
    name: str
    role: Role
    created: str
    max_running_steps: int | None
    max_stored_bytes: int | None
    max_requests_per_minute: int | None


class ClientPage(TypedDict):
    items: list[ClientBody]
    next: str | None


class ClientUsage(TypedDict):
    client: str | None
    """Null: it is not known who asked first."""
    uploaded_bytes: int
    """Of files that it announced; now."""
    computed_bytes: int
    """Of results that it asked for first; now."""
    steps: int
    device_hours: float
    by_kind: dict[Kind, KindUsage]


class ComparedFactors(TypedDict):
    """The trust factors of one experiment at one α."""

    factors: Factors | None
    """The factors over all its seeds; null where it has none at this α."""
    reason: str | None
    """Why there are none, else null."""


class Comparison(TypedDict):
    """One region of two models on the same real test images."""

    difference: float | None
    """Mean Dice of the model minus that of the other, in [-1, 1]; above 0 the model is better."""
    ci90: list[float] | None
    """Low and high end of the 90 % interval of `difference`, unadjusted."""
    excludes_zero: NotRequired[bool | None]
    """Whether `ci90` excludes a difference of 0, which no verdict says; null without an interval. Left out in results of `rajababu2025/1`."""
    non_inferiority: NonInferiorityOutcome
    """Whether the model is not worse."""
    equivalence: EquivalenceOutcome
    """Whether the two are about equal."""


class ContrastMeans(TypedDict):
    """How much a lesion stands out, in standard deviations of healthy tissue."""

    real: MeanOverCases
    """In real images."""
    synthetic: MeanOverCases
    """In twins."""
    difference: MeanOverCases
    """Twin minus real image, paired by case; closer to 0 is better."""


class CurvePoint(TypedDict):
    """The gap of T1 at one α."""

    alpha: float
    """Share of real data in training, in [0, 1]."""
    difference: Estimate
    """T1 on real minus T1 on synthetic test images, in [-1, 1]; closer to 0 is better."""


class CurvePower(TypedDict):
    """One point of the curve over test cases."""

    cases: int
    """Test cases."""
    regions: dict[str, PointPower]
    """By region."""
    overall: PointPower | None
    """Of the case's mean over its regions."""


class DatasetBody(TypedDict):
    id: str
    name: str
    state: DatasetState
    grid: Grid | Literal["native"]
    scheme: (
        Literal["auto", "brats2021", "brats2023", "brats2024", "med_ddpm"]
        | dict[Literal["NCR", "ED", "ET", "brain", "background"], int | list[SchemeItem]]
    )
    origin: Literal["patients", "phantoms"]
    digest: str | None
    """Of the content, once ready; names no row, time or place."""
    tags: list[str]
    created: str
    progress: InspectionProgress
    withdrawn: list[str]
    """Cases that were withdrawn, by id."""
    warnings: list[str]
    """What the cases tell only together: what `auto` chose and for which cases, and which cases hold the same scan."""
    cases: list[CaseBody]


class DatasetSummary(TypedDict):
    id: str
    name: str
    state: DatasetState
    grid: Grid | Literal["native"]
    scheme: (
        Literal["auto", "brats2021", "brats2023", "brats2024", "med_ddpm"]
        | dict[Literal["NCR", "ED", "ET", "brain", "background"], int | list[SchemeItem]]
    )
    digest: str | None
    origin: Literal["patients", "phantoms"]
    tags: list[str]
    created: str
    progress: InspectionProgress


class Detectable(TypedDict):
    """The smallest differences that the test cases and seeds can show."""

    cases: int
    """Test cases."""
    seeds: int
    """Training seeds."""
    power: float
    """The chance to show them."""
    level: float
    """Of each one-sided test."""
    regions: dict[str, DetectableMargins]
    overall: DetectableMargins
    """Of the case's mean Dice over its regions."""
    source: DetectableSource
    warnings: list[DetectableWarning]


class Difference(TypedDict):
    """What to read beside T4 of one region."""

    bias: Estimate
    """Mean of real minus synthetic Dice, in [-1, 1]; closer to 0 is better."""
    limits: list[float] | None
    """Low and high Bland-Altman limits of real minus synthetic Dice; null where undefined."""
    shuffled: float | None
    """T4 if pairing meant nothing. A T4 no lower than this shows no agreement case by case."""


class Equivalence(TypedDict):
    """Whether synthetic test images give the Dice that real ones give."""

    margin: float
    """The margin in Dice that the tests use."""
    regions: dict[str, EquivalenceTest]
    """By region; each verdict is adjusted by Holm over the regions."""
    overall: EquivalenceTest
    """Of the case's mean Dice over its regions, alone."""
    every_region: Literal["equivalent", "not every region", "different", "inconclusive"]
    """`equivalent`: every region is, which needs no adjustment. `not every region`: those of `different_regions` are different. `different`: all are; in answers of `rajababu2025/1`, at least one. `inconclusive`: neither is shown."""
    different_regions: NotRequired[list[str]]
    """The regions whose verdict is `different`. Left out in answers of `rajababu2025/1`."""


class ExperimentSpec(TypedDict):
    """The body of `POST /experiments`."""

    dataset: str
    name: NotRequired[str | None]
    tags: NotRequired[list[Tag]]
    """For your own lists; they are part of no result."""
    alphas: list[Alpha]
    """Shares of real data in the training mix, each in [0, 1] and named once."""
    seeds: NotRequired[list[Seed]]
    split: NotRequired[RandomSplit | ExplicitSplit]
    """Random if it is left out."""
    generator: NotRequired[GeneratorChoice]
    """The shipped one if it is left out."""
    segmenter: NotRequired[SegmenterChoice]
    """The smallest one if it is left out."""
    mixing: NotRequired[Literal["disjoint", "independent"]]
    controls: NotRequired[
        list[Literal["real_only", "augmentation_only", "real_plus_twins", "shuffled_masks"]]
    ]
    """Arms that the mixes are to be read against, each named once. For each α real_only (its real images, seen as often as in the mix), augmentation_only (the same, in all of the iterations) and shuffled_masks (twins with each other's masks); once real_plus_twins (every training case as both)."""
    priority: NotRequired[int]
    """Of what a client waits for, the highest comes first, then the oldest."""


class ExperimentSummary(TypedDict):
    id: str
    name: str | None
    tags: list[str]
    dataset: str
    state: RunState
    priority: int
    """Of what a client waits for, the highest comes first, then the oldest."""
    partial: bool
    """It has failed, and its results have the arms that are there."""
    created: str
    finished: str | None
    alphas: list[float]


class Fidelity(TypedDict):
    """How faithful twins are, by modality and area."""

    cases: int
    """How many cases have a twin."""
    seen: int
    """Those of them that the generator was trained on."""
    outside_view: int
    """Brain voxels that the generator does not draw."""
    tumour_outside_view: int
    """Those of them that are tumour."""
    ms_ssim: dict[
        Literal["t1", "t1ce", "t2", "flair"],
        dict[Literal["brain", "healthy", "ET", "ED", "NCR"], MeanOverCases],
    ]
    """Structural similarity to the real image, at most 1; nearness to the source is no merit."""
    psnr: dict[
        Literal["t1", "t1ce", "t2", "flair"],
        dict[Literal["brain", "healthy", "ET", "ED", "NCR"], MeanOverCases],
    ]
    """Peak signal-to-noise ratio in dB; nearness to the source is no merit."""
    histogram: dict[
        Literal["t1", "t1ce", "t2", "flair"],
        dict[Literal["brain", "healthy", "ET", "ED", "NCR"], MeanOverCases],
    ]
    """Wasserstein-1 distance of intensities, in shares of the range; lower is better."""
    contrast: dict[
        Literal["t1", "t1ce", "t2", "flair"],
        dict[Literal["brain", "healthy", "ET", "ED", "NCR"], ContrastMeans],
    ]
    """How much a lesion stands out."""
    features: dict[
        Literal["t1", "t1ce", "t2", "flair"],
        dict[
            Literal["brain", "healthy", "ET", "ED", "NCR"],
            dict[
                Literal["mean", "sd", "skewness", "kurtosis", "p10", "median", "p90"],
                FeatureDistance,
            ],
        ],
    ]
    """Distance of each first-order feature."""
    mmd: dict[Literal["brain", "healthy", "ET", "ED", "NCR"], Discrepancy]
    """Discrepancy over all modalities and features, by area."""
    diversity: TwinDiversity | None
    """How several twins of one case differ; null where no case has several."""
    definitions: dict[
        Literal[
            "scope", "ms_ssim", "psnr", "histogram", "contrast", "features", "mmd", "diversity"
        ],
        MeasureDefinition,
    ]
    """What each kind of number is."""


class GeneratorCard(TypedDict):
    parameters: NotRequired[int | None]
    domain: GeneratorDomain
    default: SamplingDefault
    schedule_steps: int
    seen: list[SeenCase]


class GeneratorSummary(TypedDict):
    """It draws images for a mask."""

    id: str
    """That of the job that made it, or of a shipped card."""
    name: str
    origin: Literal["shipped", "imported", "trained"]
    created: str | None
    parameters: int | None
    kind: Literal["generator"]
    seen_cases: int
    """How many cases it was trained on."""
    grid: Grid | None
    """Masks are brought to it; null if it takes none from here."""
    sampling: Sampling
    """Its defaults."""


class HistoryBody(TypedDict):
    """How a training went. A long one is thinned evenly; `history.json` holds every iteration."""

    iterations: int
    samples: int
    seconds: float
    iteration: list[int]
    loss: list[float | None]
    learning_rate: list[float | None]
    validation: list[ValidationPoint]
    """Means over the cases in which a region is."""


class IssuedKeyBody(TypedDict):
    id: str
    client: str
    scope: Scope
    label: str
    state: KeyState
    created: str
    expires: str | None
    revoked: str | None
    key: str
    """The key itself. It is shown this once."""


class JobProblem(TypedDict):
    """Why a job failed, in the words of RFC 9457."""

    type: str
    detail: str
    errors: list[JobProblemField]


class JobSummary(TypedDict):
    id: str
    kind: JobKind
    name: str | None
    state: RunState
    priority: int
    """Of what a client waits for, the highest comes first, then the oldest."""
    created: str
    finished: str | None


class KeyBody(TypedDict):
    id: str
    client: str
    scope: Scope
    label: str
    state: KeyState
    created: str
    expires: str | None
    revoked: str | None


class KeyPage(TypedDict):
    items: list[KeyBody]
    next: str | None


class MemorisationTest(TypedDict):
    """The same with its p value adjusted."""

    seen_mean: float | None
    """Mean similarity to sources that the generator was trained on."""
    unseen_mean: float | None
    """Mean similarity to sources that it has never seen."""
    difference: float | None
    """Seen minus unseen mean; above 0 is a sign of memorisation."""
    p: float | None
    """One-sided p value of the permutation test."""
    above: ShareAbove
    """Share of seen sources above nearly all unseen ones."""
    reason: str | None
    """Why there is no test, else null."""
    p_holm: float | None
    """The p value, adjusted by Holm over the measures of similarity."""


class MissingParts(TypedDict):
    """What partial results lack."""

    trainings: list[MissingSeed]
    """Trainings without scores: those of mixes by α and seed, then those of controls."""
    twins: list[MissingTwin]
    """Cases without a comparison of their twins."""
    second_twins: str | None
    """Why second twins were not scored, else null."""
    recommendation: NotRequired[str | None]
    """Why no share is recommended, else null; absent from results of releases that made none."""


class ModelComparison(TypedDict):
    """A model beside another one on the same real test images, paired by case and seed."""

    margin: float
    """The margin in Dice that the tests use."""
    cases: int
    """How many cases were compared."""
    seeds: int
    """How many training seeds were compared."""
    scope: Literal["this trained model", "training seeds"]
    """Whether training noise is measured, which takes two seeds."""
    regions: dict[str, Comparison]
    """By region; each verdict is adjusted by Holm over the regions."""
    overall: Comparison
    """Of the case's mean Dice over its regions, alone."""
    every_region: ComparisonVerdicts
    """What holds for every region at once."""


Items: TypeAlias = GeneratorSummary | SegmenterSummary | StartSummary


class ModelPage(TypedDict):
    items: list[Items]
    next: str | None


class Needed(TypedDict):
    """What would decide the share at which a region stopped, if it does no harm at all."""

    cases: int | None
    """Test cases; null where no number up to 10,000 would do."""
    seeds: int | None
    """Training seeds, at least as many as there were."""
    power: float | None
    """Chance that so many show no harm, if there is no difference at all; at least 0.8."""
    spread: Spread
    """The spread that was measured and is taken for the true one."""


class NewApiKey(TypedDict):
    """A further key for a client."""

    client: str
    """The client's name."""
    scope: NotRequired[Scope | None]
    """What the key opens; null: all that the role allows."""
    label: NotRequired[str]
    """What the key is for."""
    expires: NotRequired[str | None]
    """Null: never."""


class NewCase(TypedDict):
    id: str
    group: NotRequired[str | None]
    """E.g. the site; results come per group."""
    patient: NotRequired[str | None]
    """Whose scan it is: cases of one patient are never in two parts of a split. By default the id tells, its time point left out; give a pseudonym and no name."""
    scheme: NotRequired[
        Literal["auto", "brats2021", "brats2023", "brats2024", "med_ddpm"]
        | dict[Literal["NCR", "ED", "ET", "brain", "background"], int | list[SchemeItem]]
        | None
    ]
    files: dict[Literal["t1", "t1ce", "t2", "flair", "seg", "brain"], UploadSpec]


class NewClient(TypedDict):
    """A client and its first key."""

    name: str
    role: NotRequired[Role]
    """An admin sees the work of all clients."""
    scope: NotRequired[Scope | None]
    """What the key opens; null: all that the role allows."""
    label: NotRequired[str]
    """What the key is for."""
    expires: NotRequired[str | None]
    """Null: never."""


class NewClientBody(TypedDict):
    id: int
    name: str
    role: Role
    created: str
    max_running_steps: int | None
    max_stored_bytes: int | None
    max_requests_per_minute: int | None
    key: IssuedKeyBody


class NewModel(TypedDict):
    """The body of `POST /models`: a checkpoint to import, or a training."""

    name: str
    upload: NotRequired[str | None]
    """With the file `checkpoint`."""
    seen: NotRequired[list[SeenItem] | None]
    """Cases that the checkpoint was trained on; those of Med-DDPM's release if null."""
    train: NotRequired[Training | None]


class NewSegmentation(TypedDict):
    """The body of `POST /segmentations`: four images that were uploaded, or a registered case."""

    upload: NotRequired[str | None]
    """With `t1`, `t1ce`, `t2` and `flair`, and `brain` unless the images are skull-stripped."""
    case: NotRequired[RegisteredCase | None]
    """Instead of an upload; in its own label scheme."""
    model: str
    """Name or id of a segmenter."""
    scheme: NotRequired[
        Literal["brats2021", "brats2023", "brats2024", "med_ddpm"]
        | dict[Literal["NCR", "ED", "ET", "brain", "background"], int | list[SchemeItem]]
        | None
    ]
    """Label values to write. If null, the scheme that the upload names; where that is `auto`, brats2023 (1 NCR, 2 ED, 3 ET): images hold no labels to tell one from."""
    probabilities: NotRequired[bool]
    """Give the probability of each label, too."""


class NewUpload(TypedDict):
    """The body of `POST /uploads`."""

    scheme: NotRequired[
        Literal["auto", "brats2021", "brats2023", "brats2024", "med_ddpm"]
        | dict[Literal["NCR", "ED", "ET", "brain", "background"], int | list[SchemeItem]]
    ]
    """What the values of its label maps mean."""
    files: dict[
        Literal[
            "t1",
            "t1ce",
            "t2",
            "flair",
            "seg",
            "brain",
            "prediction_real",
            "prediction_synthetic",
            "checkpoint",
        ],
        UploadSpec,
    ]


class NewVolumeScore(TypedDict):
    """The body of `POST /trust-score/volumes`."""

    cases: list[VolumeCaseRequest]
    scheme: NotRequired[
        Literal["auto", "brats2021", "brats2023", "brats2024", "med_ddpm"]
        | dict[Literal["NCR", "ED", "ET", "brain", "background"], int | list[SchemeItem]]
        | None
    ]
    """Instead of the scheme that each upload names."""
    policy: NotRequired[PolicyChoice]
    """As of `POST /trust-score`."""


class NoiseFloors(TypedDict):
    """What T3 and T4 are when images or trainings are merely drawn again."""

    twins: TwinFloor
    """When twins are drawn again."""
    seeds: SeedFloor
    """When the model is trained again."""


class PairedArm(TypedDict):
    """One experiment minus the first at one α."""

    experiment: str
    """Id of the experiment."""
    minus: str
    """Id of the first experiment."""
    alpha: float
    """Share of real data in training, which both have."""
    real: PairedDifferences
    """On the real test set."""
    synthetic: PairedDifferences
    """On the synthetic test set; paired only where the twins were drawn alike."""


class PowerAnswer(TypedDict):
    """What a number of test cases and training seeds can show."""

    question: Literal["non_inferiority", "equivalence"]
    """Whether a synthetic share is not worse than real data alone, or whether both test sets give the same Dice."""
    cases: int
    """Test cases."""
    seeds: int
    """Training seeds of each model."""
    margin: float
    """In Dice."""
    level: float
    """Level of each one-sided test."""
    target_power: float
    """The power that was asked for."""
    difference: float
    """The true difference that is assumed, in Dice."""
    scope: Literal["this trained model", "training seeds"]
    """Whether the plan accounts for the spread of trainings."""
    spread: SpreadSource
    """How much differences spread, and where that comes from."""
    regions: dict[str, RegionPower]
    """By region."""
    overall: RegionPower | None
    """Of the case's mean over its regions; null if the caller gave the spread."""
    every_region: EveryRegionPower
    """Of all regions at once."""
    curve: list[CurvePower]
    """Power over test cases, ascending, with the seeds that were asked for."""
    warnings: list[PlanWarning]
    """What a reader must know."""


class PowerRequest(TypedDict):
    """Test cases and seeds, a question, and how much differences spread."""

    cases: int
    """Test cases."""
    seeds: int
    """Training seeds of each model."""
    question: NotRequired[Literal["non_inferiority", "equivalence"]]
    """Whether a model of a synthetic share is not worse than one of real data alone, on real test cases; or whether both test sets give a model the same Dice."""
    margin: NotRequired[float]
    """In Dice."""
    level: NotRequired[float]
    """Of each one-sided test."""
    power: NotRequired[float]
    """The target."""
    difference: NotRequired[float]
    """The true difference to assume, in Dice; below 0 it is a loss."""
    curve: NotRequired[list[CurveItem] | None]
    """Test cases of the curve; a range if it is left out."""
    spread: ExperimentSpread | PilotSpread | PublishedSpread | GivenSpread
    """How much paired differences spread."""


class Problem(TypedDict):
    """An error as RFC 9457 writes it; `type` is stable."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: NotRequired[list[ProblemField]]


class RegionRecommendation(TypedDict):
    """How far one region goes. It errs in one study of twenty at most, by itself."""

    kind: Literal["recommendation", "these trained models", "no evidence"]
    """`these trained models` with fewer than three training seeds."""
    alpha: float | None
    """The lowest α that passed, with all above it; null where none did."""
    synthetic_share: float | None
    """1 - α of it: the largest share of synthetic images."""
    stopped_at: float | None
    """The first α that did not pass; null where all did."""
    reason: str | None
    """Why it did not pass, else null."""
    tests: list[ShareTest]
    """Each α that was tested, from the highest to the one that did not pass."""
    needed: Needed | None
    """What would decide `stopped_at`; null where all passed, harm is shown, or nothing is known."""


class ResolvedSegmenter(TypedDict):
    preset: str
    iterations: int
    overrides: dict[str, float | int | bool | str]
    start: NotRequired[ResolvedStart | None]
    probabilities: NotRequired[bool]


class ResolvedSpec(TypedDict):
    """An experiment with nothing left to choose. Case ids are sorted; α are shortest strings."""

    dataset: str
    dataset_digest: str
    origin: NotRequired[Literal["patients", "phantoms"] | None]
    alphas: list[str]
    seeds: list[Seed]
    train: list[str]
    validation: list[str]
    test: list[str]
    seen: list[str]
    generator: ResolvedGenerator
    segmenter: ResolvedSegmenter
    mixing: Literal["disjoint", "independent"]
    controls: NotRequired[
        list[Literal["real_only", "augmentation_only", "real_plus_twins", "shuffled_masks"]]
    ]


class ScoreFormula(TypedDict):
    """How the score is computed."""

    definition: Literal["syntrust/1"]
    """The version of the formula."""
    path: str
    """Where it stands in an answer."""
    formula: str
    """How it is computed from its parts."""
    range: list[float]
    """Lowest and highest value."""
    direction: Literal["higher is better", "lower is better"]
    """Which way is better."""
    undefined_when: str
    """When it has no value."""
    parts: dict[Literal["s0", "s1", "s2", "s3", "s4", "s5"], ScorePartDefinition]
    """What each part is."""
    citation: None
    """Null: the score is our own."""


class ScoreRequest(TypedDict):
    """Dice scores per case, and how to read them."""

    cases: list[ScoredCase]
    """One entry for each case and training seed, at most 100000. All have the same regions."""
    policy: NotRequired[PolicyChoice | None]
    """How the scores are to be read. It has its defaults where it is left out."""


class SegmenterCard(TypedDict):
    parameters: NotRequired[int | None]
    config: dict[str, Any]
    grid: NotRequired[Grid | None]
    training_images: NotRequired[list[TrainingImage]]
    training_digest: NotRequired[str | None]
    validation_dice: NotRequired[dict[Literal["real", "twin"], dict[str, float | None]]]
    weights_digest: str
    versions: NotRequired[dict[str, str]]


class StartBody(TypedDict):
    card: StartCard
    """All that is known of it, as it is stored; a card may hold more than is described."""
    files: dict[str, FileLink]
    id: str
    """That of the job that made it, or of a shipped card."""
    name: str
    origin: Literal["shipped", "imported", "trained"]
    created: str | None
    parameters: int | None
    kind: Literal["start_weights"]
    layout: str
    preset: str | None
    head: str | None
    source: str
    weights_digest: str


class StepBody(TypedDict):
    """A step of an experiment; other runs may share it, so it may be older than this one."""

    step: str
    kind: Kind
    state: Literal["waiting", "queued", "running", "done", "failed"]
    """`waiting`: for other steps or its turn; `queued`: handed to the workers; `running`: a worker has it; `failed`: after all its attempts."""
    arms: list[ArmBody]
    """The trainings that it is for; empty if it is for all, or of a case."""
    case: str | None
    """The case that it is of, if it is of one."""
    attempts: int
    """How often a worker has begun it, as is known."""
    started: str | None
    """Of the last attempt that is known."""
    finished: str | None
    """Null unless it is done."""
    worker: str | None
    """The machine that computes or computed it."""
    progress: Progress | None
    """`done` of `total`, and numbers worth showing."""
    error: StepFault | None
    """Why it failed, or what it refused."""


class StepPage(TypedDict):
    items: list[StepBody]
    next: str | None


class StepRecord(TypedDict):
    """Where and when one step was computed."""

    step: str
    """Id of the step: the SHA-256 of its request."""
    kind: Kind
    """What it computes."""
    attempt: str | None
    """The attempt whose files were published."""
    host: str | None
    """The machine that computed it."""
    started: str | None
    """When that began, as ISO 8601."""
    seconds: float | None
    """How long it took."""
    versions: dict[str, str]
    """Versions of the packages that computed it."""
    attempts: list[AttemptRecord]
    """Every attempt, in order."""


class TrainingBody(TypedDict):
    """A training and its curves so far."""

    alpha: float | None
    """Null: a control that belongs to no α."""
    seed: int
    control: Literal["real_only", "augmentation_only", "real_plus_twins", "shuffled_masks"] | None
    """Null: the mix of the α itself."""
    step: str
    state: Literal["waiting", "queued", "running", "done", "failed"]
    """`waiting`: for other steps or its turn; `queued`: handed to the workers; `running`: a worker has it; `failed`: after all its attempts."""
    iterations: int
    """How many it will have at its end."""
    progress: Progress | None
    history: HistoryBody | None
    """Loss and validation Dice so far, at most some ten seconds old while it runs; null before its first iterations are told."""


class TrainingPage(TypedDict):
    items: list[TrainingBody]
    next: str | None


class TrustDefinitions(TypedDict):
    """Everything that an answer of `POST /trust-score` holds, as data."""

    definition: Literal["rajababu2025/1", "rajababu2025/2"]
    """The version of the formulas."""
    factors: dict[Literal["t1", "t2", "t3", "t4", "t5"], QuantityDefinition]
    """The trust factors."""
    companions: dict[
        Literal[
            "t2_regions",
            "t2_within",
            "correlation",
            "concordance",
            "t3_shuffled",
            "bias",
            "limits",
            "t4_shuffled",
            "mean",
            "sd",
            "iqr",
        ],
        QuantityDefinition,
    ]
    """What must be read beside the factors."""
    equivalence: EquivalenceDefinition
    """How equivalence of both test sets is tested."""
    score: ScoreFormula
    """How the score is computed."""
    empty_regions: dict[str, str]
    """What an empty region is and what each policy makes of it."""
    policy: Policy
    """The policy with its defaults."""
    limits: RequestLimits
    """How much one request may hold."""


class UploadBody(TypedDict):
    id: str
    scheme: (
        Literal["auto", "brats2021", "brats2023", "brats2024", "med_ddpm"]
        | dict[Literal["NCR", "ED", "ET", "brain", "background"], int | list[SchemeItem]]
    )
    files: dict[
        Literal[
            "t1",
            "t1ce",
            "t2",
            "flair",
            "seg",
            "brain",
            "prediction_real",
            "prediction_synthetic",
            "checkpoint",
        ],
        UploadedFile,
    ]
    created: str


class UploadPlaces(TypedDict):
    id: str
    files: dict[
        Literal[
            "t1",
            "t1ce",
            "t2",
            "flair",
            "seg",
            "brain",
            "prediction_real",
            "prediction_synthetic",
            "checkpoint",
        ],
        UploadTarget,
    ]


class Usage(TypedDict):
    since: str | None
    until: str | None
    clients: list[ClientUsage]


class Waiting(TypedDict):
    """Why no step of a run is being computed now."""

    cause: Literal["planning", "no_orchestrator", "no_worker", "busy", "queued", "no_queue_server"]
    reason: str
    """The same as a sentence."""
    queue: Queue | None
    """The queue of its next step."""
    ahead: int | None
    """Steps of others that were handed to this queue before."""
    busy: list[BusyWorker]


class WorkerBody(TypedDict):
    queue: Queue
    name: str
    host: str
    processes: int
    running: list[WorkingStep]


class Workers(TypedDict):
    items: list[WorkerBody]
    elsewhere: list[WorkingStep]
    """Steps whose worker gives no sign of life."""


class AcceptedDrawing(TypedDict):
    """How a generator draws."""

    name: str
    model: ArtifactRef
    sampler: Literal["ancestral", "ddim", "dpm++2m"]
    steps: int
    seed: int
    precision: NotRequired[Literal["fp32", "tf32", "bf16"]]


class AcceptedModel(TypedDict):
    """A model by its name and by what it is."""

    name: str
    model: ArtifactRef


class AcceptedSegmentation(TypedDict):
    """A label map to be predicted, for an upload or for a registered case."""

    upload: NotRequired[str]
    case: NotRequired[AcceptedCase]
    scheme: str | dict[str, Any]
    """The label values that are written."""
    model: AcceptedModel
    probabilities: bool


class AcceptedSynthesis(TypedDict):
    """Images to be drawn for a mask."""

    upload: str
    scheme: str | dict[str, Any]
    """What the values of the label map mean."""
    generator: AcceptedDrawing
    twin: int
    fit: Literal["resize"] | None


class AlphaCurve(TypedDict):
    """An experiment over α."""

    seeds: int
    """How many training seeds there are."""
    points: list[CurvePoint]
    """The gap of T1 at each α, ascending."""
    crossings: list[Crossing]
    """Every change of sign of the gap."""
    alpha_star: IntervalEstimate
    """The α at which T1 of both test sets meet, if they do exactly once."""
    trend: Trends
    """Whether factors rise or fall as α grows."""
    lowest_t4: dict[str, LowestT4]
    """By region, the α at which T4 is lowest."""


class Claim(TypedDict):
    """A claim of the paper, tested on the experiment at hand."""

    id: Literal[
        "t1_meets_in_the_middle",
        "t2_higher_on_synthetic",
        "t3_order",
        "t3_falls",
        "t4_lowest_for_ed",
        "t4_lowest_in_the_middle",
        "t4_order_at_zero",
        "t5_lower_on_synthetic",
        "t5_stable",
        "t5_equal_for_ed",
    ]
    """Name of the claim; stable."""
    claim: str
    """The claim as a sentence."""
    verdict: Literal["holds", "fails", "undecided"]
    """Whether the claim holds in this experiment."""
    reason: str | None
    """Why it fails or is undecided, else null."""
    numbers: list[ClaimComparison]
    """The comparisons that the verdict rests on."""


class Companions(TypedDict):
    """What must be read beside T2 to T5, because the factors alone mislead."""

    t2_regions: EstimateBySide
    """One minus the standard deviation over regions of their mean Dice, in [0.5, 1]; higher is better."""
    t2_within: EstimateBySide
    """One minus the mean over cases of the standard deviation over the case's regions, in [0.5, 1]; higher is better."""
    t3: dict[str, Agreement]
    """By region, beside T3."""
    t4: dict[str, Difference]
    """By region, beside T4."""
    t5: MomentsBySide
    """By region and test set, beside T5."""


class ComparedArm(TypedDict):
    """The experiments side by side at one α."""

    alpha: float
    """Share of real data in training, in [0, 1]."""
    experiments: list[ComparedFactors]
    """Of each experiment, in their order."""


class ComparisonAnswer(TypedDict):
    """Experiments side by side."""

    experiments: list[ComparedExperiment]
    """The experiments, as they were named. The first is what the others are compared with."""
    settings: list[Setting]
    """Every setting in which they differ."""
    alphas: list[ComparedArm]
    """Trust factors at each α of any of them, ascending."""
    differences: list[PairedArm]
    """Paired differences from the first, by experiment and α."""


class CostBody(TypedDict):
    """What an experiment would cost. Nothing was accepted and nothing stored."""

    steps_total: int
    steps_done: int
    """Steps that are there already and cost nothing."""
    by_kind: dict[Kind, KindCost]
    by_queue: dict[Queue, QueueCost]
    """Of generator and segmenter a device-hour is one of a GPU, if it has."""
    bytes: int | None
    bytes_reason: str | None
    """Why it is null, else null."""
    detectable: Detectable | None
    """The smallest differences that its test cases and seeds can show."""
    detectable_reason: str | None
    """Why it is null, else null."""
    room: str | None
    """Why it would be refused now (429), or would store more than you may; null if it has room, or nobody knows how much it stores."""
    spec: ResolvedSpec
    """The request with every default and choice written out."""


class DatasetPage(TypedDict):
    items: list[DatasetSummary]
    next: str | None


class Embeddings(TypedDict):
    """The test by each measure of similarity."""

    residual: MemorisationTest
    """By the correlation of healthy tissue less its mean."""
    features: MemorisationTest
    """By the distance of first-order features of healthy tissue."""


class ExperimentBody(TypedDict):
    steps: StepCount
    running: list[RunningStep]
    waiting: Waiting | None
    """Why none of its steps runs now; null if one does."""
    id: str
    name: str | None
    tags: list[str]
    dataset: str
    state: RunState
    priority: int
    """Of what a client waits for, the highest comes first, then the oldest."""
    partial: bool
    """It has failed, and its results have the arms that are there."""
    created: str
    finished: str | None
    queue_position: int | None
    """How many live experiments come first, by priority and age; clients take turns, so it may start earlier. Null unless queued."""
    eta_seconds: float | None
    """Seconds to go: median time of done steps times steps to go over workers, summed over kinds; null while a kind has no done step, and while paused."""
    error: ExperimentError | None
    """The first step that failed; other arms may still go on."""
    spec: ResolvedSpec
    """The request with every default and choice written out."""


class ExperimentPage(TypedDict):
    items: list[ExperimentSummary]
    next: str | None


class GeneratorBody(TypedDict):
    card: GeneratorCard
    """All that is known of it, as it is stored; a card may hold more than is described."""
    files: dict[str, FileLink]
    id: str
    """That of the job that made it, or of a shipped card."""
    name: str
    origin: Literal["shipped", "imported", "trained"]
    created: str | None
    parameters: int | None
    kind: Literal["generator"]
    seen_cases: int
    """How many cases it was trained on."""
    grid: Grid | None
    """Masks are brought to it; null if it takes none from here."""
    sampling: Sampling
    """Its defaults."""


class JobPage(TypedDict):
    items: list[JobSummary]
    next: str | None


class Privacy(TypedDict):
    """Whether twins repeat what the generator was trained on."""

    seen: int
    """Sources that the generator was trained on."""
    unseen: int
    """Sources that it has never seen."""
    embeddings: Embeddings
    """The test by each measure of similarity."""
    verdict: Literal["memorisation", "no sign", "undecided"]
    """`no sign` is no proof of privacy."""
    reason: str | None
    """Why it is undecided, else null."""
    definitions: dict[Literal["residual", "features", "p", "above", "verdict"], MeasureDefinition]
    """What each kind of number is."""


class Provenance(TypedDict):
    """Where the results came from. No digest covers it."""

    experiment: ExperimentRow
    """The experiment as it was asked for."""
    dataset: str
    """Id of the dataset."""
    spec: ResolvedSpec
    """The request with every default and choice written out."""
    steps: list[StepRecord]
    """Every step, in order."""
    recipes: dict[Kind, int]
    """Version of the recipe of each kind of step."""
    versions: PlatformVersions
    """Versions of what answered."""


class Recommendation(TypedDict):
    """The largest share of synthetic images whose model is not worse than real data alone."""

    procedure: Literal["syntrust-recommendation/1"]
    """The version of the rules."""
    sentence: str
    """The answer in one sentence."""
    details: list[str]
    """How far each region goes, what stopped it, and what would decide; a sentence each."""
    margin: float
    """The smallest loss of mean Dice that counts as harm."""
    level: float
    """The one-sided level of each test."""
    cases: int
    """How many real test cases there are."""
    seeds: int
    """How many training seeds there are."""
    reason: str | None
    """Why nothing could be tested, else null."""
    all_regions: AllRegionsRecommendation
    """What every region allows."""
    regions: dict[str, RegionRecommendation]
    """By region."""


class RepeatedSpec(TypedDict):
    """
    The `spec` of an experiment as it was answered. It asks for the very same steps.

    A name, tags and a priority may be added. `seen`, `origin` and the names of models are told, not
    asked.
    """

    dataset: str
    dataset_digest: str
    origin: NotRequired[Literal["patients", "phantoms"] | None]
    alphas: list[str]
    seeds: list[Seed]
    train: list[str]
    validation: list[str]
    test: list[str]
    seen: list[str]
    generator: ResolvedGenerator
    segmenter: ResolvedSegmenter
    mixing: Literal["disjoint", "independent"]
    controls: NotRequired[
        list[Literal["real_only", "augmentation_only", "real_plus_twins", "shuffled_masks"]]
    ]
    name: NotRequired[str | None]
    tags: NotRequired[list[Tag]]
    """For your own lists; they are part of no result."""
    priority: NotRequired[int]
    """Of what a client waits for, the highest comes first, then the oldest."""


class SegmenterBody(TypedDict):
    card: SegmenterCard
    """All that is known of it, as it is stored; a card may hold more than is described."""
    files: dict[str, FileLink]
    id: str
    """That of the job that made it, or of a shipped card."""
    name: str
    origin: Literal["shipped", "imported", "trained"]
    created: str | None
    parameters: int | None
    kind: Literal["segmenter"]
    seen_cases: int
    """How many cases it was trained on."""
    grid: Grid | None
    """Images are brought to it; null: they stay on their own."""
    preset: str
    head: str
    weights_digest: str
    validation_dice: dict[Literal["real", "twin"], dict[str, float | None]]
    """Means at the last validation, over real images and over twins."""
    revision: str | None
    """Of the source that trained it, in git."""
    made_by: MadeBy | None
    training: TrainingSet
    history: HistoryBody


class TrustAnswer(TypedDict):
    """All that can be said of per-case Dice scores on real and synthetic images."""

    definition: Literal["rajababu2025/1", "rajababu2025/2"]
    """The version of the formulas."""
    cases: int
    """How many distinct cases there are."""
    regions: list[str]
    """The regions, sorted."""
    factors: Factors
    """T1 to T5, averaged over training seeds."""
    companions: Companions
    """What must be read beside the factors."""
    equivalence: Equivalence
    """Whether real and synthetic test images give the same Dice within a margin."""
    score: Score
    """One number out of the factors."""
    counts: dict[str, Counts]
    """By region, how many cases were used, left out, empty or missed."""
    sensitivity: Sensitivity | None
    """T3 and T4 under `drop`, where empty references decide the result; else null."""
    groups: dict[str, Group]
    """By group, the factors of its cases."""
    warnings: list[TrustWarning]
    """What a reader must know before believing the factors."""
    policy: Policy
    """How the scores were read."""
    digest: str
    """SHA-256 of the canonical JSON of all the other keys, as `sha256:` and 64 hex digits."""


class TwinSummary(TypedDict):
    """How faithful the twins of an experiment are, and whether they are copies."""

    fidelity: Fidelity
    """How faithful they are."""
    privacy: Privacy
    """Whether they repeat what the generator was trained on."""


class AcceptedExport(TypedDict):
    """A segmenter to be written as a MONAI bundle."""

    model: AcceptedModel


class JobBody(TypedDict):
    steps: StepCount
    running: list[RunningStep]
    waiting: Waiting | None
    """Why none of its steps runs now; null if one does."""
    id: str
    kind: JobKind
    name: str | None
    state: RunState
    priority: int
    """Of what a client waits for, the highest comes first, then the oldest."""
    created: str
    finished: str | None
    queue_position: int | None
    """How many live jobs come first, by priority and age; null unless queued."""
    eta_seconds: float | None
    files: dict[str, FileLink]
    """What it gave, by name."""
    warnings: list[str]
    """What inspection chose or noticed, as labels it had to read."""
    error: JobProblem | None
    request: (
        AcceptedSynthesis
        | AcceptedSegmentation
        | NewVolumeScore
        | NewModel
        | AcceptedExport
        | AcceptedPrinting
    )
    """The request with every default written out."""


class SeedResult(TypedDict):
    """The model of one training seed."""

    seed: int
    """The training seed."""
    real_ids: list[str]
    """Cases whose real image it was trained on, sorted."""
    synthetic_ids: list[str]
    """Cases whose twin it was trained on, sorted."""
    cases: list[ScoredCase]
    """Its scores by test case, as `POST /trust-score` takes them."""
    trust: TrustAnswer
    """What `POST /trust-score` answers to them."""


class Arm(TypedDict):
    """The models that were trained on one share α of real data."""

    alpha: float
    """Share of real data in training, in [0, 1]."""
    mix: Mix
    """What they were trained on."""
    seeds: list[SeedResult]
    """The model of each training seed."""
    trust: TrustAnswer
    """The trust factors over all seeds. Factors are averaged, Dice is not."""
    counts: NotRequired[dict[str, Counts]]
    """By region, the counts of `trust` with every Dice of 0 told apart by the reference volume: a miss, or a false positive where the reference lacks the region. Results of earlier releases lack it."""
    versus_real: ModelComparison | None
    """Beside the models of α = 1 on real test images; null at α = 1 or without that one. Only this supports a sentence about clinical performance."""
    reason: NotRequired[str]
    """Which of its training seeds are missing, and why; absent where none is."""


class ControlArm(TypedDict):
    """The models of a control: what the mixes are to be read against."""

    control: Literal["real_only", "augmentation_only", "real_plus_twins", "shuffled_masks"]
    """Which control."""
    alpha: float | None
    """The α whose mix it is a control of; null where it is not one of an α."""
    iterations: int | None
    """Iterations of each training."""
    reason: str | None
    """Why it cannot be trained; then `seeds` is empty and the rest null."""
    mix: Mix | None
    """What they were trained on."""
    seeds: list[SeedResult]
    """The model of each training seed."""
    trust: TrustAnswer | None
    """The trust factors over all seeds."""
    counts: NotRequired[dict[str, Counts] | None]
    """By region, the counts of `trust` with every Dice of 0 told apart by the reference volume: a miss, or a false positive where the reference lacks the region. Results of earlier releases lack it."""
    versus_real: ModelComparison | None
    """Beside the models of α = 1; null where they are the same trainings or there is no such α."""
    versus_mix: ModelComparison | None
    """Beside the mix of the same α: above 0 the control is better. It is null where they are the same trainings or there is no such mix."""


class MissingArm(TypedDict):
    """A share α of real data without any result, because steps have failed."""

    alpha: float
    """Share of real data in training, in [0, 1]."""
    mix: None
    """No model was trained and scored."""
    seeds: list[SeedResult]
    """Empty."""
    trust: None
    """There is none."""
    versus_real: None
    """There is none."""
    reason: str
    """Why, for each training seed."""


class PartialUnseen(TypedDict):
    """The results without the test cases that the generator was trained on."""

    cases: int
    """How many test cases are left."""
    alphas: list[Arm | MissingArm]
    """The arm of each α; empty where no case is left."""
    warnings: list[UnseenWarning]
    """What a reader must know."""


class Unseen(TypedDict):
    """The results without the test cases that the generator was trained on."""

    cases: int
    """How many test cases are left."""
    alphas: list[Arm]
    """The arm of each α; empty where no case is left."""
    warnings: list[UnseenWarning]
    """What a reader must know."""


class ExperimentResults(TypedDict):
    """The results of an experiment and where they came from."""

    definition: Literal["rajababu2025/1", "rajababu2025/2"]
    """The version of the formulas of the trust factors."""
    dataset: str
    """Digest of the dataset's content."""
    controls: list[ControlArm]
    """The control arms by kind, then by α."""
    floors: NoiseFloors
    """What T3 and T4 are when images or trainings are merely drawn again."""
    size: list[SizeEffect]
    """Whether large regions score higher, for each α."""
    by_volume: VolumeQuintiles
    """The factors of small to large tumours."""
    twins: TwinSummary | None
    """How faithful the twins are, and whether they are copies; null where none was compared."""
    alphas: list[Arm]
    """The arm of each α, ascending, on the regions ET, ED and NCR."""
    unseen: Unseen | None
    """The same without test cases that the generator was trained on; null where it saw none."""
    nested: list[Arm]
    """The arm of each α on the regions TC and WT."""
    recommendation: NotRequired[Recommendation]
    """The largest share of synthetic images that is shown to do no harm; absent from results of releases that made none."""
    curve: AlphaCurve
    """The experiment over α."""
    claims: list[Claim]
    """Each claim of the paper, tested on this experiment."""
    digest: str
    """SHA-256 of the canonical JSON of all the other keys, as `sha256:` and 64 hex digits; also without `experiment` and `provenance`."""
    experiment: str
    """Id of the experiment."""
    provenance: Provenance
    """Where the results came from."""


class PartialExperimentResults(TypedDict):
    """What is there of an experiment of which steps have failed, and where it came from."""

    definition: Literal["rajababu2025/1", "rajababu2025/2"]
    """The version of the formulas of the trust factors."""
    dataset: str
    """Digest of the dataset's content."""
    controls: list[ControlArm]
    """The control arms by kind, then by α."""
    floors: NoiseFloors
    """What T3 and T4 are when images or trainings are merely drawn again."""
    size: list[SizeEffect]
    """Whether large regions score higher, for each α."""
    by_volume: VolumeQuintiles
    """The factors of small to large tumours."""
    twins: TwinSummary | None
    """How faithful the twins are, and whether they are copies; null where none was compared."""
    alphas: list[Arm | MissingArm]
    """The arm of each α that was asked for, ascending, on the regions ET, ED and NCR."""
    unseen: PartialUnseen | None
    """The same without test cases that the generator was trained on; null where it saw none."""
    nested: list[Arm | MissingArm]
    """The arm of each α on the regions TC and WT."""
    recommendation: NotRequired[Recommendation | None]
    """The largest share of synthetic images that is shown to do no harm; null where a mix lacks a training, and absent from results of releases that made none."""
    curve: AlphaCurve | None
    """The experiment over α; null where a mix lacks a training."""
    claims: list[Claim] | None
    """Each claim of the paper; null where a mix lacks a training."""
    partial: Literal[True]
    """Steps of the experiment have failed. Complete results lack this key."""
    missing: MissingParts
    """What these results lack, and why."""
    digest: str
    """SHA-256 of the canonical JSON of all the other keys, as `sha256:` and 64 hex digits; also without `experiment` and `provenance`."""
    experiment: str
    """Id of the experiment."""
    provenance: Provenance
    """Where the results came from."""
