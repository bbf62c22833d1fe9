from __future__ import annotations

import pytest
from redis import Redis

from syntrust_core.observability.counters import KEY, Counters, read_samples


@pytest.fixture
def redis(valkey_url: str) -> Redis:
    client = Redis.from_url(valkey_url)
    client.delete(KEY)
    return client


def test_the_counts_of_two_processes_are_added(redis: Redis) -> None:
    first, second = Counters(), Counters()
    first.add("tries", kind="a")
    first.add("tries", kind="b")
    second.add("tries", 2, kind="a")
    assert first.send(redis)
    assert second.send(redis)
    values = {(sample.name, sample.labels): sample.value for sample in read_samples(redis)}
    assert values == {("tries", (("kind", "a"),)): 3, ("tries", (("kind", "b"),)): 1}


def test_what_was_sent_is_not_sent_again(redis: Redis) -> None:
    counters = Counters()
    counters.add("tries")
    assert counters.send(redis)
    assert counters.send(redis)
    assert [sample.value for sample in read_samples(redis)] == [1]


def test_a_duration_is_counted_in_every_bucket_that_holds_it(redis: Redis) -> None:
    counters = Counters()
    counters.observe("seconds", 20, kind="a")
    counters.observe("seconds", 1000, kind="a")
    counters.send(redis)
    parts = {sample.part: sample.value for sample in read_samples(redis)}
    assert (parts["sum"], parts["count"]) == (1020, 2)
    assert "15" not in parts
    assert (parts["60"], parts["900"], parts["3600"]) == (1, 1, 2)


def test_counts_wait_for_a_server_that_is_away(redis: Redis) -> None:
    counters = Counters()
    counters.add("tries")
    with Redis(host="127.0.0.1", port=1) as away:
        assert not counters.send(away)
    counters.add("tries")
    assert counters.send(redis)
    assert [sample.value for sample in read_samples(redis)] == [2]


def test_a_field_that_is_no_sample_is_left_out(redis: Redis) -> None:
    redis.hset(KEY, mapping={"no sample": "1", '["a", [], ""]': "x", '["b", [], ""]': "4"})
    assert [(sample.name, sample.value) for sample in read_samples(redis)] == [("b", 4)]


def test_an_error_that_leaves_a_block_is_counted_and_raised(redis: Redis) -> None:
    counters = Counters()
    with pytest.raises(OSError, match="away"), counters.errors("store", OSError):
        raise OSError("away")
    counters.send(redis)
    (sample,) = read_samples(redis)
    assert (sample.name, sample.labels) == ("syntrust_server_errors", (("server", "store"),))


def test_a_child_forgets_what_it_inherited(redis: Redis) -> None:
    counters = Counters()
    counters.add("tries")
    counters.clear()
    counters.send(redis)
    assert read_samples(redis) == []
