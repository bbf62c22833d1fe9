"""The control arms of an experiment: which images each is trained on. Pure, as the plan is.

Each control of an α answers what its mix alone cannot:

`real_only`
    The n_R real images of the mix without its twins, in the n_R/N share of the iterations, so
    that every real image is seen as often as in the mix and nothing takes the place of the twins.
`augmentation_only`
    The same real images in all of the iterations: what the mix spends on twins goes into further
    augmented views of real images. It and the mix differ in the data alone.
`shuffled_masks`
    The mix, but each twin gets the label map of another twin: the negative control. At α = 1 there
    is no twin, and the control is the mix.

`real_plus_twins` is one arm, not one of an α: every training case as real image and as twin, in
as many iterations as a mix. At α = 1 the first three are the mix itself, hence the same step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from syntrust_core.contracts.report import Control
from syntrust_gateway.experiments.mixing import Mix, permute
from syntrust_gateway.experiments.spec import ResolvedSpec

FEWEST_CASES: Final = 2  # as the segmenter asks of a training
Mixes = Mapping[tuple[str, int], Mix]


@dataclass(frozen=True)
class Arm:
    """One control: what each seed is trained on, or the reason why that is not possible."""

    control: Control
    alpha: str | None
    iterations: int | None
    mixes: Mapping[int, Mix]
    reason: str | None = None


def make_arms(spec: ResolvedSpec, mixes: Mixes, patients: Mapping[str, str]) -> list[Arm]:
    """Make the arms of every control that `spec` asks for.

    `mixes` are by α and seed, `patients` has the patient of each case.
    """
    return [arm for control in spec.controls for arm in _arms(control, spec, mixes, patients)]


def _arms(
    control: Control, spec: ResolvedSpec, mixes: Mixes, patients: Mapping[str, str]
) -> list[Arm]:
    if control == "real_plus_twins":
        every = Mix(real=spec.train, synthetic=spec.train)
        own = dict.fromkeys(spec.seeds, every)
        return [Arm(control, None, spec.segmenter.iterations, own)]
    return [_arm(control, spec, alpha, mixes, patients) for alpha in spec.alphas]


def _arm(
    control: Control, spec: ResolvedSpec, alpha: str, mixes: Mixes, patients: Mapping[str, str]
) -> Arm:
    own = {seed: mixes[alpha, seed] for seed in spec.seeds}
    first = own[spec.seeds[0]]  # every seed has as many
    reason = _why_undefined(control, alpha, first)
    if reason is not None:
        return Arm(control, alpha, None, {}, reason)
    trained = {seed: _changed(control, mixed, seed, patients) for seed, mixed in own.items()}
    return Arm(control, alpha, _iterations(control, spec, len(first.real)), trained)


def _why_undefined(control: Control, alpha: str, mixed: Mix) -> str | None:
    if control == "shuffled_masks":
        if len(mixed.synthetic) == 1:
            return f"α = {alpha} has one twin, and no other mask for it"
        return None
    if not mixed.real:
        return f"α = {alpha} has no real image"
    if len(mixed.real) < FEWEST_CASES:
        return f"α = {alpha} has one real image, and a training takes {FEWEST_CASES}"
    return None


def _changed(control: Control, mixed: Mix, seed: int, patients: Mapping[str, str]) -> Mix:
    if control == "shuffled_masks":
        return Mix(mixed.real, mixed.synthetic, derange(mixed.synthetic, seed, patients))
    return Mix(real=mixed.real, synthetic=())


def _iterations(control: Control, spec: ResolvedSpec, n_real: int) -> int:
    whole = spec.segmenter.iterations
    if control != "real_only":
        return whole
    return max(1, round(Fraction(whole * n_real, len(spec.train))))


def derange(cases: Sequence[str], seed: int, patient_of: Mapping[str, str]) -> dict[str, str]:
    """Give each case the mask of another case.

    If no patient has more than half of the cases, no case gets a mask of its own patient. The
    cases are put in a circle, patient after patient in random order. Each case takes the mask that
    lies n places further on, where n is the number of cases of the largest patient.

    Parameters
    ----------
    cases : sequence of str
        Two or more ids, in any order. An empty sequence gives an empty result.
    seed : int
        The training seed. Each seed gives another order.
    patient_of : mapping of str to str
        The patient of each case.

    Returns
    -------
    dict of str to str
        For each case, the case whose mask it gets.
    """
    patients: dict[str, list[str]] = {}
    for case in permute(cases, f"masks:{seed}"):
        patients.setdefault(patient_of[case], []).append(case)
    order = [case for own in patients.values() for case in own]
    largest = max(map(len, patients.values()), default=0)
    places = min(largest, len(order) - 1)
    return dict(zip(order, order[places:] + order[:places], strict=True))
