"""What a key of each scope opens, over every route of the document."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from tests.answer_schemas import document
from tests.unit.gateway.conftest import Api

from syntrust_gateway.auth import keys
from syntrust_gateway.auth.scopes import needed_scope
from syntrust_gateway.auth.service import NewKey
from syntrust_gateway.container import Container
from syntrust_gateway.db.auth_tables import Scope

SESSION = {(method, "/session") for method in ("POST", "GET", "DELETE")}
MONITORING = {("GET", "/queues"), *SESSION}
SCORING = {("POST", "/trust-score"), ("GET", "/trust-factors"), *MONITORING}
Route = tuple[str, str]


def routes() -> list[Route]:
    """Every route that needs a key."""
    return [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, methods in document()["paths"].items()
        for method in methods
        if not path.startswith("/health/")
    ]


@pytest.fixture
def with_scope(app: FastAPI, container: Container, admin: Api) -> Callable[[Scope], Api]:
    """A key of the admin with this scope."""

    def make(scope: Scope) -> Api:
        with container.write.begin() as session:
            return Api(app, keys.create(session, "root", NewKey(scope=scope)).key)

    return make


def refused(api: Api) -> set[Route]:
    """The routes that a key does not open, each for the scope that it needs."""
    found = set()
    for method, path in routes():
        answer = api.request(method, path)
        if answer.status_code == 403:
            body = answer.json()
            assert body["needed_scope"] == str(needed_scope(method, path))
            assert f"`{body['needed_scope']}` is needed here" in body["detail"]
            found.add((method, path))
    return found


def test_a_key_that_watches_opens_the_number_of_steps_alone(
    with_scope: Callable[[Scope], Api],
) -> None:
    assert refused(with_scope(Scope.MONITOR)) == set(routes()) - MONITORING


def test_a_key_for_scores_opens_scores_and_their_definitions_alone(
    with_scope: Callable[[Scope], Api],
) -> None:
    assert refused(with_scope(Scope.SCORE)) == set(routes()) - SCORING


def test_a_key_for_runs_opens_all_but_administration(with_scope: Callable[[Scope], Api]) -> None:
    administration = {each for each in routes() if each[1].startswith(("/admin", "/metrics"))}

    assert len(administration) > 10
    assert refused(with_scope(Scope.RUN)) == administration


def test_an_admin_key_opens_everything(with_scope: Callable[[Scope], Api]) -> None:
    assert refused(with_scope(Scope.ADMIN)) == set()


@pytest.mark.parametrize("path", ["/new", "/trust-score/", "/trust-score/volumes", "//admin/keys"])
def test_a_path_that_no_rule_names_needs_a_key_for_runs(path: str) -> None:
    assert needed_scope("POST", path) is Scope.RUN


def test_no_spelling_of_an_admin_path_avoids_the_scope(
    with_scope: Callable[[Scope], Api],
) -> None:
    run = with_scope(Scope.RUN)
    spellings = ("//admin/keys", "/admin//keys", "/./admin/keys", "/%61dmin/keys", "/ADMIN/keys")

    assert {run.get(path).status_code for path in spellings} <= {403, 404}
