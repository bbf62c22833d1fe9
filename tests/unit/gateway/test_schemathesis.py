"""What schemathesis makes of the OpenAPI document: no server error, no undocumented answer.

It sends every boundary of every schema, its own inventions, and sequences of calls that follow from
one another. The seed is fixed, so a failure comes again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from fastapi import FastAPI
from tests.answer_schemas import document
from tests.unit.gateway.api_harness import ApiHarness, send
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.tenants import IN_BODY, IN_PATH, Tenant, fill, make_tenant, publish

from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Role

if TYPE_CHECKING:
    from schemathesis.engine.events import EngineEvent

# It is loaded where it is used: it takes as long to load as many a file of tests takes to run.
pytestmark = pytest.mark.slow
EXAMPLES: Final = 10
# Its model, α and seed are one experiment's own, which few guesses meet.
# And it comes with a key, which is no session.
RARELY_READ: Final = {"GET /experiments/{experiment_id}/predictions", "GET /session"}
OTHERS: Final = ("one", "two", "three")
SPARE_MODELS: Final = 6
CONFIG: Final[dict[str, Any]] = {
    "seed": 15,
    "continue-on-failure": True,
    "max-stream-events": 1,
    "generation": {"max-examples": EXAMPLES, "database": "none", "no-shrink": True},
    # Every check is on. A schema cannot say that an id must exist, nor hold a rule between two
    # fields (an upload or a training, not both): so a valid body may be told what is wrong in it.
    # Nor does it know which `ETag` a caller has seen: another is told that things have changed.
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "304", "404", "409", "412", "422"],
        },
        "negative_data_rejection": {
            "expected-statuses": ["304", "4xx"],
        },
    },
    "operations": [
        # No schema knows which keys and sessions there are, or how often one has tried.
        {
            "include-path": "/session",
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "422", "429"]}
            },
        },
        # OpenAPI 3.1 has no words for the events of a stream.
        {
            "include-operation-id": "watch_experiment",
            "checks": {"response_schema_conformance": {"enabled": False}},
        },
    ],
}


@dataclass
class Found:
    """What a run gave: how often each check ran and each operation answered, and what failed."""

    checks: Counter[str] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, event: EngineEvent) -> None:
        from schemathesis.engine import events

        if isinstance(event, events.NonFatalError | events.FatalError):
            self.failures.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            for node in (node for each in event.recorder.checks.values() for node in each):
                self.checks[node.name] += 1
                if node.failure_info is not None:
                    failure = node.failure_info.failure
                    shown = f"{failure.operation}: {node.name}: {failure.message}"
                    self.failures.append(f"{shown}\n{node.failure_info.code_sample}")
            for case in event.recorder.interactions.values():
                if case.response is not None:
                    self.statuses[event.recorder.label, case.response.status_code] += 1


def known_values(tenant: Tenant, others: dict[str, list[Any]]) -> dict[str, Any]:
    """Where a thing is named, one that is there: mostly in a path, half of the time elsewhere."""
    named = {f"path.{name}": fill(values, tenant) for name, values in IN_PATH.items()}
    named |= {f"path.{name}": values for name, values in others.items()}
    named |= {"query.model": [tenant.segmenter, tenant.segmenter_name]}
    for (_, pointer), (value, _) in IN_BODY.items():
        place = "body" + pointer.replace("/0", "[*]").replace("/", ".")
        named[place] = sorted({*named.get(place, []), fill(value, tenant)})
    return {
        "dictionaries": {place: {"values": values} for place, values in named.items()},
        "parameters": {
            place: {"dictionary": place, "probability": 0.8 if place.startswith("path.") else 0.5}
            for place in named
        },
    }


@pytest.fixture
def tenant(
    call_as: Callable[[str, Role], Api],
    container: Container,
    store: MemoryStore,
    tmp_path: Path,
    generator: object,
) -> Tenant:
    """An admin, for whom no route is closed, with one of each thing.

    Others come before it: the ids that are tried first are theirs, who may be locked out.
    """
    for name in OTHERS:
        call_as(name, Role.USER)
    return make_tenant(call_as("root", Role.ADMIN), "root", container, store, tmp_path)


@pytest.fixture
def others(
    tenant: Tenant, container: Container, store: MemoryStore, tmp_path: Path
) -> dict[str, list[Any]]:
    """Clients of whom an admin may change anything, their keys, and models to spare.

    A guess that deletes a model must leave some for the guesses that read one.
    """
    keys = [tenant.api.post("/admin/keys", json={"client": OTHERS[0]}).json() for _ in range(3)]
    names = [f"spare-{number}" for number in range(SPARE_MODELS)]
    for name in names:
        upload = send(tenant.api, store, {"checkpoint": name.encode()})
        tenant.api.post("/models", json={"name": name, "upload": upload})
    ApiHarness(container, store, tmp_path).drain(publish)
    known = {"model_id": [*fill(IN_PATH["model_id"], tenant), *names]}
    return {"client_id": [1], "key_id": [key["id"] for key in keys]} | known


@pytest.fixture
def found(app: FastAPI, tenant: Tenant, others: dict[str, list[Any]]) -> Found:
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import from_schema

    headers = {"Authorization": f"Bearer {tenant.api.key}"}
    config = SchemathesisConfig.from_dict(
        CONFIG | known_values(tenant, others) | {"headers": headers}
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    result = Found()
    for event in from_schema(schema).execute():
        result.add(event)
    return result


def test_every_answer_to_whatever_is_sent_is_documented_and_none_is_a_server_error(
    found: Found,
) -> None:
    from schemathesis.checks import CHECKS, load_all_checks

    reading = {f"GET {path}" for path, methods in document()["paths"].items() if "get" in methods}
    load_all_checks()

    assert found.failures == []
    assert not [each for each in found.statuses if each[1] >= 500]
    # It is worth something only if every check has run, and what is there was found and read.
    assert set(CHECKS.get_all_names()) <= set(found.checks)
    # "Not changed" is said of what was found.
    read = {name for name, status in found.statuses if status < 300 or status == 304}
    assert reading - read <= RARELY_READ
