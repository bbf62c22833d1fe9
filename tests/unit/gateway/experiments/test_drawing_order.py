"""In which order twins are drawn."""

from __future__ import annotations

from tests.unit.gateway.experiments.test_plan import IDS, dataset, resolved

from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.experiment_steps import SynthesiseCase, TrainSegmenter
from syntrust_gateway.experiments.plan import plan


def test_no_training_waits_for_a_twin_that_it_does_not_need() -> None:
    asked = resolved()
    held_back = {f"{int(case[1:]):064x}" for case in asked.test}
    planned = plan(asked, dataset(IDS)).steps

    drawn = [step for step in planned if isinstance(step, SynthesiseCase)]
    place = {step.step_id: at for at, step in enumerate(drawn)}
    needs = sorted(
        {place[need.id] for need in step.needs() if need.kind is Kind.SYNTHESISE_CASE}
        for step in planned
        if isinstance(step, TrainSegmenter)
    )
    sizes = sorted(len(each) for each in needs)
    assert [max(each) + 1 for each in sorted(needs, key=len)] == sizes
    assert {step.case for step in drawn[sizes[-1] :]} == held_back
