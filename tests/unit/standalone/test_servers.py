"""The servers really start, really stop, and keep what they were given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from syntrust_core.errors import Unavailable
from syntrust_core.settings import StorageSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_standalone.servers import (
    HOST,
    Program,
    S3Access,
    WeedPorts,
    find_free_ports,
    is_free,
    redis_answers,
    redis_program,
    run_server,
    start_valkey,
    start_weed,
    weed_answers,
    weed_program,
)

_WAIT = "import sys, signal; sys.stdout.flush(); signal.pause()"


def _store(access: S3Access) -> S3Store:
    settings = StorageSettings(
        endpoint=access.endpoint,
        access_key=access.access_key,
        secret_key=access.secret_key,
    )
    return S3Store(settings)


def test_free_ports_are_distinct_and_can_be_bound() -> None:
    ports = find_free_ports(8)

    assert len(set(ports)) == 8
    assert all(is_free(port) for port in ports)


def test_a_redis_server_is_gone_after_the_block_and_keeps_its_data(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as url, Redis.from_url(url) as client:
        port = client.connection_pool.connection_kwargs["port"]
        client.set("kept", "yes")

    assert is_free(port)
    with start_valkey(tmp_path) as url, Redis.from_url(url) as client:
        assert client.get("kept") == b"yes"


@pytest.mark.slow
def test_an_s3_server_keeps_its_objects_when_it_comes_back_on_other_ports(tmp_path: Path) -> None:
    tmp_path = tmp_path / "50% of? #[d], M\u00fcller"
    with start_weed(tmp_path) as access:
        store = _store(access)
        store.ensure_bucket()
        store.put("a/b", b"bytes")

    with start_weed(tmp_path) as access:
        assert _store(access).get("a/b") == b"bytes"


def test_a_server_that_ends_at_once_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    program = Program("redis", (sys.executable, "-c", "raise SystemExit('no luck')"), tmp_path)

    with (
        pytest.raises(Unavailable, match="no luck"),
        run_server(program, lambda: False, tmp_path / "log"),
    ):
        pass


def test_a_spawned_program_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal; from pathlib import Path;"
        "from syntrust_standalone.servers import Program, spawn;"
        f"folder = Path({str(tmp_path)!r});"
        "child = spawn(Program('x', ('cat', '/dev/zero'), folder), Path('/dev/null'));"
        "print(child.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )

    parent = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)

    assert parent.returncode == -signal.SIGKILL
    assert _ends(int(parent.stdout))


def _ends(pid: int) -> bool:
    """Wait for the process, which is nobody's child here, to end."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    import select

    return bool(select.select([handle], [], [], 10)[0])


@pytest.mark.parametrize("name", ["data", "50% of? #[d], M\u00fcller"])
def test_redis_answers_nobody_without_its_password(tmp_path: Path, name: str) -> None:
    tmp_path = tmp_path / name
    with start_valkey(tmp_path) as url, Redis.from_url(url) as client:
        port = client.connection_pool.connection_kwargs["port"]
        with Redis(host=HOST, port=port) as stranger, pytest.raises(AuthenticationError):
            stranger.get("kept")
        assert not redis_answers(port, "wrong")


def test_what_a_program_is_given_and_makes_is_for_its_user_alone(tmp_path: Path) -> None:
    script = f"open('made', 'w').close(); print(open('secret').read()); {_WAIT}"
    argv = (sys.executable, "-c", script)
    program = Program("x", argv, tmp_path / "folder", files={"secret": "given"})
    log = tmp_path / "log"

    with run_server(program, lambda: "given" in log.read_text(), log):
        modes = {path.name: path.stat().st_mode & 0o777 for path in program.folder.iterdir()}

    assert modes == {"made": 0o600, "secret": 0o600}


def test_an_s3_server_that_answers_strangers_does_not_count_as_started(tmp_path: Path) -> None:
    ports = WeedPorts.free()
    closed = weed_program(tmp_path, ports, "key", "secret")
    program = replace(closed, files={})  # as if it had not found its settings

    with (
        pytest.raises(Unavailable, match="without a certificate"),
        run_server(program, lambda: weed_answers(ports), tmp_path / "log"),
    ):
        pass


def test_secrets_stand_in_no_printed_program_and_in_no_command_line(tmp_path: Path) -> None:
    program = Program("s3", ("weed",), tmp_path, {"AWS_SECRET_ACCESS_KEY": "hidden"})
    redis = redis_program(tmp_path, 1, "hidden")

    assert "hidden" not in repr(redis)
    assert "hidden" in redis.files["redis.conf"]

    assert "hidden" not in repr(program)
    assert "hidden" not in repr(S3Access("http://" + HOST, "id", "hidden"))
