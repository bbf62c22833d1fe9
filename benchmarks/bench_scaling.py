"""A day of GPU work under KEDA's formula for ScaledJobs: is a step ever ended, and are GPUs busy?

No cluster: seconds of a day are counted, with the numbers of the manifests. Every polling interval
KEDA reads the steps that are due (ready or running) and makes, by its published formula for the
strategy `default`, min(ceil(due / target), min(most, ceil(due / target)) - unfinished Jobs) Jobs.
A pod takes its time to start, takes steps until none has come for the idle time, and ends itself.

Beside it, what it replaces: a Deployment scaled by the length of the queue's list, which holds the
steps that no worker has taken yet. A pod that is one too many is ended, whatever it does.

    python benchmarks/bench_scaling.py [--seed 0] [--gpus 8]
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.kubernetes.pods import read_environment
from tools.kubernetes.rendering import of_kind, render

DAY_S: Final = 86_400
START_S: Final = (20, 180)  # from Job to worker: schedule, image (there or pulled), imports, GPU
LEAST_BUSY: Final = 0.9
WINDOW_SPARE: Final = 1  # messages that the orchestrator keeps in the list beyond the live workers
COOLDOWN_S: Final = 300  # of a Deployment that KEDA scales


@dataclass(frozen=True)
class Scaling:
    """What the manifests say of one queue."""

    queue: str
    polling_s: int
    target: int
    most: int
    idle_s: int


@dataclass(frozen=True)
class Work:
    """Steps that become ready at some second of the day, each of so many seconds."""

    at_s: int
    seconds: tuple[int, ...]


@dataclass
class Pod:
    """A worker: it starts at `ready_s`, and has `slots` for steps, each with the second it ends."""

    ready_s: int
    slots: int
    ends_s: list[int] = field(default_factory=list)
    idle_since_s: int = 0

    @property
    def is_busy(self) -> bool:
        return bool(self.ends_s)


@dataclass
class Day:
    """One day of one queue, second by second."""

    scaling: Scaling
    works: Sequence[Work]
    chance: random.Random
    ready: list[int] = field(default_factory=list)
    pods: list[Pod] = field(default_factory=list)
    done: int = 0
    ended: int = 0
    jobs: int = 0
    busy_s: int = 0
    waiting_s: int = 0
    idle_pods_s: int = 0

    def run(self, scale: Callable[[Day, int], None]) -> Day:
        """Run the day; `scale` is called every polling interval."""
        for now in range(DAY_S):
            self.ready += [s for work in self.works if work.at_s == now for s in work.seconds]
            self._finish(now)
            if now % self.scaling.polling_s == 0:
                scale(self, now)
            self._hand_out(now)
            self._measure(now)
        return self

    @property
    def due(self) -> int:
        return len(self.ready) + sum(len(pod.ends_s) for pod in self.pods)

    def add_pod(self, now: int) -> None:
        start = now + self.chance.randint(*START_S)
        self.pods.append(Pod(start, self.scaling.target, idle_since_s=start))
        self.jobs += 1

    def _finish(self, now: int) -> None:
        for pod in self.pods:
            left = [end for end in pod.ends_s if end > now]
            if len(left) < len(pod.ends_s):
                self.done += len(pod.ends_s) - len(left)
                pod.ends_s, pod.idle_since_s = left, now

    def _hand_out(self, now: int) -> None:
        for pod in self.pods:
            while self.ready and pod.ready_s <= now and len(pod.ends_s) < pod.slots:
                pod.ends_s.append(now + self.ready.pop(0))

    def _measure(self, now: int) -> None:
        busy = sum(pod.is_busy for pod in self.pods)
        if self.ready:
            self.waiting_s += 1
            self.busy_s += busy
        self.idle_pods_s += sum(pod.ready_s <= now for pod in self.pods) - busy

    @property
    def busy_share(self) -> float:
        """Share of the GPUs that computed, over the seconds in which a step waited."""
        return self.busy_s / (self.waiting_s * self.scaling.most) if self.waiting_s else 1.0


def by_scaled_job(day: Day, now: int) -> None:
    """Make Jobs by KEDA's formula; workers without a step for long have ended themselves."""
    idle_s = day.scaling.idle_s
    day.pods = [pod for pod in day.pods if pod.is_busy or now - pod.idle_since_s < idle_s]
    wanted = math.ceil(day.due / day.scaling.target)
    for _ in range(min(wanted, min(day.scaling.most, wanted) - len(day.pods))):
        day.add_pod(now)


class ByListLength:
    """Set the replicas by the length of the list, which the orchestrator keeps short."""

    def __init__(self) -> None:
        self._active_s = 0

    def __call__(self, day: Day, now: int) -> None:
        alive = sum(pod.ready_s <= now for pod in day.pods)
        length = min(len(day.ready), max(1, alive) + WINDOW_SPARE)
        self._active_s = now if length else self._active_s
        wanted = min(day.scaling.most, math.ceil(length / day.scaling.target))
        if not length and now - self._active_s < COOLDOWN_S:
            wanted = min(1, len(day.pods))
        while len(day.pods) > wanted:
            gone = day.pods.pop(day.chance.randrange(len(day.pods)))
            day.ended += len(gone.ends_s)
            day.ready += [end - now for end in gone.ends_s]  # as if no second of them were lost
        while len(day.pods) < wanted:
            day.add_pod(now)


def make_day(queue: str, chance: random.Random) -> list[Work]:
    """Make the work of a day: a few experiments, each of which asks for a sweep at once."""
    works = []
    for hour in (0.5, 3, 8, 8.25, 9.5, 11, 13, 14.5, 16, 19):
        at_s = int(hour * 3600)
        if queue == "segmenter":
            trainings = tuple(chance.randint(25 * 60, 50 * 60) for _ in range(15))
            predictions = tuple(chance.randint(60, 300) for _ in range(15))
            works += [Work(at_s, trainings), Work(at_s + 50 * 60, predictions)]
        else:
            works.append(Work(at_s, tuple(chance.randint(30, 90) for _ in range(400))))
    return works


def read_scaling(gpus: int | None) -> list[Scaling]:
    """Read the numbers from what the overlay `production` renders to."""
    objects = render("production")
    found = []
    for scaled in of_kind(objects, "ScaledJob"):
        spec = scaled["spec"]
        (container,) = spec["jobTargetRef"]["template"]["spec"]["containers"]
        idle = read_environment(container, objects)["SYNTRUST_WORKER__EXIT_WHEN_IDLE"]
        found.append(
            Scaling(
                scaled["metadata"]["name"],
                spec["pollingInterval"],
                int(spec["triggers"][0]["metadata"]["targetValue"]),
                gpus or spec["maxReplicaCount"],
                int(TypeAdapter(timedelta).validate_python(idle).total_seconds()),
            )
        )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gpus", type=int, default=None)
    asked = parser.parse_args()
    missed = 0
    for scaling in read_scaling(asked.gpus):
        print(f"{scaling}")
        for name, scale in (("ScaledJob", by_scaled_job), ("list length", ByListLength())):
            chance = random.Random(asked.seed)  # noqa: S311 - a simulation
            works = make_day(scaling.queue, chance)
            day = Day(scaling, works, chance).run(scale)
            steps = sum(len(work.seconds) for work in works)
            print(
                f"  {name:12} {day.done}/{steps} steps done, {day.ended} ended while they ran, "
                f"{day.busy_share:.1%} of {scaling.most} GPUs busy while steps wait "
                f"({day.waiting_s / 3600:.1f} h), {day.jobs} pods, "
                f"{day.idle_pods_s / 3600:.1f} GPU-hours without a step"
            )
            if name == "ScaledJob":
                missed += day.ended > 0 or day.busy_share <= LEAST_BUSY or day.done < steps
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
