"""What every `StepQueue` promises: Celery's on a real Redis, and the tests' double."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from redis import Redis

from syntrust_core.contracts.base import Queue
from syntrust_core.contracts.experiment_steps import Image, PredictCases, ScoreCases
from syntrust_core.runtime.queue import (
    BUNDLE,
    CeleryQueue,
    Sent,
    StepQueue,
    make_celery,
    make_task_id,
    read_sent,
    step_of,
)
from syntrust_core.settings import QueueSettings
from syntrust_core.testing import MemoryQueue

SCORE = ScoreCases(prediction="a" * 64, cases=("b" * 64,))
OTHER = ScoreCases(prediction="c" * 64, cases=("b" * 64,))
THIRD = ScoreCases(prediction="d" * 64, cases=("b" * 64,))
RUN_ID = "0193a5c2-7d8e-7b1a-9c3d-2f4e5a6b7c8d"


@pytest.fixture
def redis(valkey_url: str) -> Redis:
    client = Redis.from_url(valkey_url)
    client.flushall()
    return client


@pytest.fixture(params=["celery", "memory"])
def queue(request: pytest.FixtureRequest) -> StepQueue:
    if request.param == "memory":
        return MemoryQueue()
    redis: Redis = request.getfixturevalue("redis")
    del redis  # only emptied
    return CeleryQueue(QueueSettings(url=request.getfixturevalue("valkey_url")))


def test_the_steps_of_waiting_messages_are_listed_by_queue(queue: StepQueue) -> None:
    prediction = PredictCases(model="d" * 64, images=(Image(case="b" * 64),))
    for message in (SCORE, SCORE, OTHER, prediction):
        queue.submit(message)

    assert queue.waiting_steps(Queue.METRICS) == {SCORE.step_id, OTHER.step_id}
    assert queue.queued_steps(Queue.METRICS) == {SCORE.step_id, OTHER.step_id}
    assert queue.queued_steps(Queue.SEGMENTER) == {prediction.step_id}
    assert queue.queued_steps(Queue.GENERATOR) == set()


def test_a_message_that_a_worker_has_counts_until_it_is_acknowledged(
    redis: Redis, valkey_url: str
) -> None:
    settings = QueueSettings(url=valkey_url)
    queue = CeleryQueue(settings)
    queue.submit(SCORE)
    queue.submit(OTHER)

    with make_celery(settings).connection_for_read() as connection:
        taken = connection.default_channel.basic_get(str(Queue.METRICS))
        assert taken is not None
        assert queue.queued_steps(Queue.METRICS) == {SCORE.step_id, OTHER.step_id}
        assert queue.waiting_steps(Queue.METRICS) == {OTHER.step_id}
        assert queue.queued_steps(Queue.SEGMENTER) == set()
        taken.ack()

    assert queue.queued_steps(Queue.METRICS) == {OTHER.step_id}
    redis.flushall()


def test_messages_of_others_are_passed_over(redis: Redis, valkey_url: str) -> None:
    queue = CeleryQueue(QueueSettings(url=valkey_url))
    for foreign in ("no JSON", "[]", "7", json.dumps({"headers": {"id": "by an older sender"}})):
        redis.rpush(str(Queue.METRICS), foreign)
        redis.hset("unacked", foreign, foreign)
    queue.submit(SCORE)

    assert queue.queued_steps(Queue.METRICS) == {SCORE.step_id}
    redis.flushall()


def test_the_id_of_a_message_names_its_step() -> None:
    first, second = make_task_id(SCORE.step_id), make_task_id(SCORE.step_id)

    assert first != second
    assert step_of(first) == step_of(second) == SCORE.step_id
    assert step_of("52dbc8cd-d3b7-4a27-a1e8-c3b5b9ba5d1d") is None
    assert step_of(None) is None


def test_many_messages_are_sent_at_once_in_their_order(queue: StepQueue) -> None:
    queue.submit_all([[(SCORE, None)], [(OTHER, None)]])
    queue.submit_all([])

    assert queue.waiting_steps(Queue.METRICS) == {SCORE.step_id, OTHER.step_id}


def test_every_step_of_a_message_is_listed(queue: StepQueue) -> None:
    queue.submit_all([[(SCORE, None), (OTHER, None)], [(THIRD, None)]])

    everything = {SCORE.step_id, OTHER.step_id, THIRD.step_id}
    assert queue.waiting_steps(Queue.METRICS) == everything
    assert queue.queued_steps(Queue.METRICS) == everything


def take(url: str) -> Any:
    """Take the oldest message, as a worker does."""
    with make_celery(QueueSettings(url=url)).connection_for_read() as connection:
        taken = connection.default_channel.basic_get(str(Queue.METRICS))
        assert taken is not None
        taken.ack()
        return taken


def received(taken: Any) -> list[Sent]:
    (message,) = json.loads(taken.body)[0]
    return read_sent(SimpleNamespace(**taken.headers), message)


def test_a_worker_reads_the_steps_of_a_message_in_their_order_each_with_its_run(
    redis: Redis, valkey_url: str
) -> None:
    assert redis.dbsize() == 0
    CeleryQueue(QueueSettings(url=valkey_url)).submit_all([[(SCORE, RUN_ID), (OTHER, None)]])

    first, second = received(take(valkey_url))

    assert (first.step, first.run) == (SCORE.step_id, RUN_ID)
    assert (second.step, second.run) == (OTHER.step_id, None)
    assert ScoreCases.model_validate(first.message) == SCORE
    assert ScoreCases.model_validate(second.message) == OTHER


def test_a_worker_that_knows_no_bundles_reads_the_first_step_of_one(
    redis: Redis, valkey_url: str
) -> None:
    assert redis.dbsize() == 0
    queue = CeleryQueue(QueueSettings(url=valkey_url))
    queue.submit_all([[(SCORE, RUN_ID)], [(SCORE, RUN_ID), (OTHER, None)]])

    alone, together = take(valkey_url), take(valkey_url)

    assert together.body == alone.body
    assert together.headers.keys() - alone.headers.keys() == {BUNDLE}
    assert together.headers["task"] == alone.headers["task"]
    assert step_of(together.headers["id"]) == SCORE.step_id


@pytest.mark.parametrize("bundle", [None, 7, "text", {}, [None], [7], [{}], [{"id": 7}]])
def test_a_bundle_that_no_gateway_writes_spoils_no_first_step(bundle: object) -> None:
    request = SimpleNamespace(id=make_task_id(SCORE.step_id), bundle=bundle)

    first, *others = read_sent(request, SCORE.model_dump(mode="json"))

    assert first.step == SCORE.step_id
    assert all(other.step is None for other in others)
