"""Whether the cases of a dataset are phantoms: the report knows it, and no other step."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.gateway.experiments.test_plan import IDS, dataset, generator, report_of, spec

from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.resolve import resolve
from syntrust_gateway.experiments.spec import ResolvedSpec


def test_the_report_alone_knows_whether_the_cases_are_phantoms() -> None:
    patients, phantoms = dataset(IDS), replace(dataset(IDS), origin="phantoms")
    asked = [resolve(spec(), each, generator()) for each in (patients, phantoms)]
    stored = asked[1].model_dump(mode="json")
    del stored["origin"]

    one, other = (plan(found, patients) for found in asked)
    unknown = report_of(plan(ResolvedSpec.model_validate(stored), phantoms))

    assert [found.origin for found in asked] == ["patients", "phantoms"]
    assert one.steps[:-1] == other.steps[:-1]
    assert (report_of(one).origin, report_of(other).origin) == ("patients", "phantoms")
    assert one.report != other.report
    assert unknown.origin is None
    assert "origin" not in unknown.identity()
