"""`Idempotency-Key`: a repeated request is done once, whatever happened to the first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update
from tests.unit.gateway.conftest import Api

from syntrust_gateway.api.repetition import answer_store
from syntrust_gateway.api.repetition.answer_store import Answer, AnswerStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.auth_tables import IdempotencyKey, RequestState
from syntrust_gateway.db.claims import Claim
from syntrust_gateway.db.tables import Dataset, Experiment, Upload, utc_now

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
NEW = {"name": "d"}


class Killed(BaseException):
    """What ends a process that is killed, as far as a test can."""


def count(container: Container, table: type[Any]) -> int:
    with container.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def kept(container: Container) -> IdempotencyKey:
    with container.read() as session:
        return session.scalars(select(IdempotencyKey)).one()


def let_the_claim_run_out(container: Container) -> None:
    with container.write.begin() as session:
        session.execute(update(IdempotencyKey).values(lease=utc_now()))


@pytest.fixture
def killed_before_the_answer_is_kept(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on a process dies after its work and before it keeps the answer; give it back."""

    def die(*_: object) -> None:
        raise Killed

    keep, release = AnswerStore.keep, AnswerStore.release
    monkeypatch.setattr(AnswerStore, "keep", die)
    monkeypatch.setattr(AnswerStore, "release", die)

    def live() -> None:
        monkeypatch.setattr(AnswerStore, "keep", keep)
        monkeypatch.setattr(AnswerStore, "release", release)

    return live


def post_and_die(api: Api, path: str, **options: Any) -> None:
    with pytest.raises(Killed):
        api.post(path, headers=KEY, **options)


def test_a_repeated_request_has_the_same_answer(api: Api, container: Container) -> None:
    first = api.post("/datasets", json=NEW, headers=KEY)
    second = api.post("/datasets", json=NEW, headers=KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["location"] == first.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert count(container, Dataset) == 1


def test_without_a_key_every_request_is_a_new_one(api: Api, container: Container) -> None:
    for _ in range(2):
        api.post("/datasets", json=NEW)

    assert count(container, Dataset) == 2
    assert count(container, IdempotencyKey) == 0


@pytest.mark.parametrize(
    ("path", "body"), [("/datasets", {"name": "e"}), ("/uploads", NEW), ("/datasets?a=1", NEW)]
)
def test_a_key_that_comes_with_another_request_is_refused(
    api: Api, container: Container, path: str, body: dict[str, Any]
) -> None:
    api.post("/datasets", json=NEW, headers=KEY)

    answer = api.post(path, json=body, headers=KEY)

    assert answer.status_code == 422
    assert answer.json()["type"].endswith(":idempotency-key-reused")
    assert count(container, Dataset) == 1


def test_keys_of_two_clients_are_two_keys(api: Api, stranger: Api, container: Container) -> None:
    ids = {each.post("/datasets", json=NEW, headers=KEY).json()["id"] for each in (api, stranger)}

    assert len(ids) == count(container, Dataset) == 2


def test_a_refused_request_may_be_mended_under_its_key(api: Api, container: Container) -> None:
    refused = api.post("/datasets", json={"name": ""}, headers=KEY)
    mended = api.post("/datasets", json=NEW, headers=KEY)

    assert (refused.status_code, mended.status_code) == (422, 201)


@pytest.mark.parametrize("key", ["", '""', "a" * 256, "\u00e9".encode(), '"open', 'say "a"'])
def test_a_key_that_is_none_is_refused(api: Api, key: str | bytes) -> None:
    answer = api.post("/datasets", json=NEW, headers={"Idempotency-Key": key})

    if key == 'say "a"':  # a bare key may hold anything that prints
        assert answer.status_code == 201
        return
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"


def test_a_key_with_quotes_and_one_without_are_the_same(api: Api) -> None:
    answers = [
        api.post("/datasets", json=NEW, headers={"Idempotency-Key": key}).content
        for key in ("abc", '"abc"')
    ]

    assert answers[0] == answers[1]


def test_while_a_request_is_answered_its_repetition_must_wait(
    api: Api, container: Container
) -> None:
    api.post("/datasets", json=NEW, headers=KEY)
    with container.write.begin() as session:
        lease = utc_now() + answer_store.LEASE
        session.execute(update(IdempotencyKey).values(state=RequestState.WORKING, lease=lease))

    answer = api.post("/datasets", json=NEW, headers=KEY)

    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
    assert answer.json()["type"].endswith(":still-working")
    assert count(container, Dataset) == 1


def test_a_claim_that_a_wrong_clock_gave_does_not_last(api: Api, container: Container) -> None:
    api.post("/datasets", json=NEW, headers=KEY)
    with container.write.begin() as session:
        lease = utc_now() + timedelta(hours=1)
        session.execute(update(IdempotencyKey).values(state=RequestState.WORKING, lease=lease))

    assert api.post("/datasets", json=NEW, headers=KEY).status_code == 201


def test_an_experiment_whose_answer_was_lost_is_found_again(
    api: Api,
    container: Container,
    ready_dataset: str,
    killed_before_the_answer_is_kept: Callable[[], None],
) -> None:
    body = {"dataset": ready_dataset, "alphas": [0, 1]}
    post_and_die(api, "/experiments", json=body)
    assert kept(container).state is RequestState.COMMITTED
    killed_before_the_answer_is_kept()

    waiting = api.post("/experiments", json=body, headers=KEY)
    let_the_claim_run_out(container)
    found = api.post("/experiments", json=body, headers=KEY)
    again = api.post("/experiments", json=body, headers=KEY)

    with container.read() as session:
        experiment = session.scalars(select(Experiment)).one().id
    assert (waiting.status_code, found.status_code) == (409, 202)
    assert found.json()["id"] == experiment
    assert found.headers["location"] == f"/experiments/{experiment}"
    assert again.content == found.content


def test_a_cancel_whose_answer_was_lost_is_not_done_again(
    api: Api,
    container: Container,
    post_experiment: Callable[..., httpx.Response],
    killed_before_the_answer_is_kept: Callable[[], None],
) -> None:
    path = f"{post_experiment().headers['location']}/cancel"
    post_and_die(api, path)
    killed_before_the_answer_is_kept()
    let_the_claim_run_out(container)

    answer = api.post(path, headers=KEY)

    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")


def test_an_announcement_whose_answer_was_lost_is_made_again(
    api: Api,
    container: Container,
    killed_before_the_answer_is_kept: Callable[[], None],
) -> None:
    body = {"files": {"seg": {"sha256": "0" * 64, "bytes": 9}}}
    post_and_die(api, "/uploads", json=body)
    killed_before_the_answer_is_kept()
    let_the_claim_run_out(container)

    answer = api.post("/uploads", json=body, headers=KEY)

    assert answer.status_code == 201
    assert answer.json()["files"]["seg"]["url"]


def test_a_process_that_lost_its_claim_commits_nothing(
    api: Api, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = AnswerStore.claim

    def overtaken(store: AnswerStore, asked: Any) -> Claim | Answer:
        found = claim(store, asked)
        with container.write.begin() as session:
            session.execute(update(IdempotencyKey).values(token="of another process"))
        return found

    monkeypatch.setattr(AnswerStore, "claim", overtaken)

    answer = api.post("/datasets", json=NEW, headers=KEY)

    assert answer.status_code == 409
    assert count(container, Dataset) == 0


def test_an_answer_is_kept_for_a_day_and_no_longer(
    api: Api, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.post("/datasets", json=NEW, headers=KEY)
    soon, late = (utc_now() + timedelta(hours=hours) for hours in (23, 25))

    monkeypatch.setattr(answer_store, "utc_now", lambda: soon)
    api.post("/datasets", json=NEW, headers=KEY)
    assert count(container, Dataset) == 1
    monkeypatch.setattr(answer_store, "utc_now", lambda: late)
    api.post("/datasets", json=NEW, headers=KEY)

    assert count(container, Dataset) == 2


def test_no_answer_that_shows_a_key_is_kept(admin: Api, container: Container) -> None:
    admin.post("/admin/keys", json={"client": "root"}, headers=KEY)

    assert count(container, IdempotencyKey) == 0


def test_an_upload_is_announced_once(api: Api, container: Container) -> None:
    body = {"files": {"seg": {"sha256": "0" * 64, "bytes": 9}}}

    answers = [api.post("/uploads", json=body, headers=KEY).content for _ in range(2)]

    assert answers[0] == answers[1]
    assert count(container, Upload) == 1
