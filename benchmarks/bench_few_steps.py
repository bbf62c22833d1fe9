"""How few steps a generator needs: what a twin of N steps loses against one of 250.

One segmenter for each training seed is trained on real phantoms (α = 1). Only the test twins are
drawn again, at each number of steps, from the same masks and noise. The smallest N is chosen whose
90 % intervals of the paired change of T1_S and of T4 of each region lie within ±0.02, whose lesion
contrast lies within 10 % and whose fine power within 20 % of 250 steps (of DDIM).

Everything is kept under build/bench/few_steps; stopped and started again it goes on.

    python benchmarks/bench_few_steps.py [--workers 2] [--picture docs/images/twin_steps.png]
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

# Run as a script, this file's folder is on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.generator.few_steps_numbers import (
    Change,
    Images,
    Verdict,
    compare_t1,
    compare_t4,
    find_smallest,
)
from benchmarks.generator.few_steps_stages import (
    Plan,
    all_stages,
    default_iterations,
    load_images,
    measure_dice,
    measure_images,
    time_twins,
)

from syntrust_core import log as structured_log
from syntrust_core.contracts.vocabulary import LABELS, MODALITIES, REGIONS
from syntrust_generator.checkpoints.store import find_shipped_model
from syntrust_generator.diffusion.samplers import SamplerName

STEPS = (4, 5, 6, 8, 250)
SHOWN = (4, 5, 8, 250)
GREY_PERCENTILES = (1, 99.5)


def main() -> None:
    options = arguments()
    structured_log.configure("console", logging.WARNING)  # steps say when they begin and end
    plan = build_plan(options)
    all_stages(plan, say)
    most = max(plan.steps)
    real, reference = measure_dice(plan, None, say), measure_dice(plan, most, say)
    seen = measure_images(plan, most)
    verdicts = []
    for steps in sorted(set(plan.steps) - {most}):
        found = measure_dice(plan, steps, say)
        images = measure_images(plan, steps)
        verdicts.append(
            Verdict(
                steps,
                compare_t1(found, reference),
                compare_t4(real, found, reference),
                images.contrast_error(seen),
                images.power_ratios(seen),
            )
        )
    seconds = time_twins(plan, say)
    print(headline(plan, real, reference))
    print(table(verdicts, most, seconds))
    print(describe_reference(measure_images(plan, None), seen))
    print(describe_choice(verdicts, most, seconds))
    if options.picture is not None:
        picture(plan, options.picture)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="tiny", help="model folder, or name of a shipped one")
    parser.add_argument("--cases", type=int, default=24, help="test cases")
    parser.add_argument("--training-cases", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=3, help="training seeds")
    parser.add_argument("--iterations", type=int, default=default_iterations())
    parser.add_argument("--sampler", choices=get_args(SamplerName), default="dpm++2m")
    parser.add_argument("--steps", type=int, nargs="+", default=STEPS, help="the most is reference")
    parser.add_argument("--cohort-seed", type=int, default=11, help="not the generator's own")
    parser.add_argument("--noise-seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw")
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--folder", type=Path, default=Path("build/bench/few_steps"))
    parser.add_argument("--picture", type=Path, help="PNG of one twin at several steps")
    return parser.parse_args()


def build_plan(options: argparse.Namespace) -> Plan:
    given = Path(options.model)
    return Plan(
        folder=options.folder.absolute(),
        model=given.absolute() if given.is_dir() else find_shipped_model(options.model),
        cohort_seed=options.cohort_seed,
        training_cases=options.training_cases,
        test_cases=options.cases,
        seeds=options.seeds,
        iterations=options.iterations,
        sampler=options.sampler,
        steps=tuple(options.steps),
        noise_seed=options.noise_seed,
        workers=options.workers,
        threads=options.threads,
    )


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def headline(plan: Plan, real: np.ndarray, reference: np.ndarray) -> str:
    return (
        f"{plan.test_cases} test cases, {plan.seeds} training seeds, {plan.iterations} iterations; "
        f"T1_R {real.mean():.3f}, T1_S at {max(plan.steps)} steps {reference.mean():.3f}; "
        f"T4 there {_listed(np.abs(real - reference).mean(axis=(0, 1)))}.\n"
    )


def _listed(values: np.ndarray) -> str:
    return ", ".join(f"{region} {value:.3f}" for region, value in zip(REGIONS, values, strict=True))


def table(verdicts: Sequence[Verdict], most: int, seconds: Mapping[str, float]) -> str:
    """Markdown; intervals are 90 %."""
    heads = ["steps", "T1_S", *(f"T4 {region}" for region in REGIONS)]
    heads += ["worst contrast", "fine power", "s a twin", "against 250 plain", "out of bounds"]
    lines = [heads, ["---"] * len(heads), *(row(verdict, seconds) for verdict in verdicts)]
    blank = ["", "", *([""] * len(REGIONS)), "", *speed(str(most), seconds), ""]
    lines.append([f"{most} (reference)", *blank[1:]])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def row(verdict: Verdict, seconds: Mapping[str, float]) -> list[str]:
    changes = [verdict.t1, *(verdict.t4[region] for region in REGIONS)]
    error, place = verdict.contrast
    low, high = verdict.power.min(), verdict.power.max()
    return [
        str(verdict.steps),
        *(interval(change) for change in changes),
        f"{error:+.1%} ({place})",
        f"{low:.2f}-{high:.2f}",
        *speed(str(verdict.steps), seconds),
        ", ".join(verdict.faults) or "nothing",
    ]


def interval(change: Change) -> str:
    return f"{change.mean:+.3f} [{change.low:+.3f}, {change.high:+.3f}]"


def speed(name: str, seconds: Mapping[str, float]) -> list[str]:
    return [f"{seconds[name]:.1f}", f"{seconds['plain'] / seconds[name]:.1f}x"]


def describe_reference(real: Images, seen: Images) -> str:
    """What no number of steps changes: how the reference itself differs from real images."""
    error, place = seen.contrast_error(real)
    ratios = seen.power_ratios(real)
    powers = ", ".join(f"{m} {r:.2f}" for m, r in zip(MODALITIES, ratios, strict=True))
    return f"The reference against real images: contrast {error:+.1%} ({place}); power {powers}.\n"


def describe_choice(verdicts: Sequence[Verdict], most: int, seconds: Mapping[str, float]) -> str:
    chosen = find_smallest(verdicts)
    if chosen is None:
        return f"No fewer than {most} steps stay within the bounds: {most} it is."
    fewer = [verdict for verdict in verdicts if verdict.steps < chosen.steps]
    why = "; ".join(f"{v.steps} leaves them by {', '.join(v.faults)}" for v in fewer)
    ratio = seconds["plain"] / seconds[str(chosen.steps)]
    return (
        f"{chosen.steps} steps are the fewest that stay within every bound"
        f"{f' ({why})' if why else ''}; {ratio:.0f} times as fast as 250 plain steps, end to end."
    )


def picture(plan: Plan, path: Path) -> None:
    """The test case with the most enhancing tumour: the real image, then its twins."""
    mpl.use("Agg")
    name = max(plan.test_ids, key=lambda case: _select_enhancing(plan, case))
    drawn = [steps for steps in SHOWN if steps in plan.steps] or sorted(plan.steps)
    rows = {"real": None, **{f"{steps} steps": steps for steps in drawn}}
    figure, axes = plt.subplots(
        len(rows), len(MODALITIES), figsize=(7.2, 1.85 * len(rows)), layout="constrained"
    )
    for line, (title, steps) in enumerate(rows.items()):
        images, labels, brain = load_images(plan, name, steps)
        level = int((labels == LABELS["ET"]).sum(axis=(0, 1)).argmax())
        for place, (axis, image) in enumerate(zip(axes[line], images, strict=True)):
            black, white = np.percentile(image[brain], GREY_PERCENTILES)
            axis.imshow(image[:, :, level].T, cmap="gray", vmin=black, vmax=white)
            axis.set(xticks=[], yticks=[], ylabel="" if place else title)
            if line == 0:
                axis.set_title(MODALITIES[place], fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _select_enhancing(plan: Plan, case: str) -> int:
    _, labels, _ = load_images(plan, case, None)
    return int(np.count_nonzero(labels == LABELS["ET"]))


if __name__ == "__main__":
    main()
