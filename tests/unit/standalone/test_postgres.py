"""PostgreSQL really starts, as root too, lets nobody else in, and survives being killed."""

from __future__ import annotations

import os
import re
import signal
import stat
from pathlib import Path

import psycopg
import pytest

from syntrust_core.errors import Unavailable
from syntrust_standalone import postgres
from syntrust_standalone.postgres import (
    make_own_folder,
    postgres_answers,
    postgres_is_ready,
    postgres_program,
    postgres_url,
    prepare_postgres,
    start_postgres,
)
from syntrust_standalone.servers import find_free_ports, is_free, read_log_end, spawn

pytestmark = pytest.mark.slow


def connect(url: str, user: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), connect_timeout=10, user=user)


def connect_until_refused(url: str) -> None:
    while True:
        connect(url).close()


def test_a_server_is_gone_after_the_block_and_keeps_its_data(tmp_path: Path) -> None:
    with start_postgres(tmp_path / "db", durable=False) as url, connect(url) as connection:
        port = connection.info.port
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        connection.commit()
        answered = postgres_answers(port)

    assert answered
    assert is_free(port)
    with start_postgres(tmp_path / "db", durable=False) as url, connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)


def test_only_its_role_with_its_password_gets_in_and_may_read_no_file(tmp_path: Path) -> None:
    with start_postgres(tmp_path / "db", durable=False) as url:
        with pytest.raises(psycopg.OperationalError):
            connect(url, user="postgres")
        with pytest.raises(psycopg.OperationalError):
            connect(re.sub(":[0-9a-f]+@", ":guess@", url))
        with connect(url) as connection:
            for statement in ("SELECT pg_read_file('PG_VERSION')", "CREATE DATABASE more"):
                connection.rollback()
                connection.autocommit = True
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)

    assert stat.S_IMODE((tmp_path / "db" / "data").stat().st_mode) == 0o700


def test_a_server_that_waits_for_us_to_leave_does_not_answer(tmp_path: Path) -> None:
    with start_postgres(tmp_path / "db", durable=False) as url, connect(url) as connection:
        port = connection.info.port
        postmaster = int((tmp_path / "db" / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGTERM)
        with pytest.raises(psycopg.OperationalError, match="shutting down"):
            connect_until_refused(url)

        assert not postgres_answers(port)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_files_of_a_start_that_was_cut_off_are_made_anew(tmp_path: Path) -> None:
    (tmp_path / "db" / "draft").mkdir(parents=True)
    (tmp_path / "db" / "draft" / "PG_VERSION").write_text("half")

    with start_postgres(tmp_path / "db", durable=False) as url:
        assert postgres_is_ready(url)


def test_a_killed_server_starts_again_on_what_it_left(tmp_path: Path) -> None:
    folder, [port] = tmp_path / "db", find_free_ports(1)
    prepare_postgres(folder, "secret", durable=False)
    url, log = postgres_url(port, "secret"), tmp_path / "log"
    process = spawn(postgres_program(folder, port), log)
    while not postgres_is_ready(url):
        assert process.poll() is None, read_log_end(log)
    with connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    left = (folder / "data" / "postmaster.pid").exists()
    (folder / "password").write_text("secret")

    with start_postgres(folder) as again, connect(again) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
    assert left


def test_files_of_another_version_are_refused_with_the_version_they_need(tmp_path: Path) -> None:
    folder = tmp_path / "db"
    make_own_folder(folder)
    (folder / "data").mkdir()
    (folder / "data" / "PG_VERSION").write_text("9\n")

    with pytest.raises(Unavailable, match="no PostgreSQL 9, which made"):
        postgres_program(folder, 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone drops to another user")
def test_root_is_told_what_to_do_where_the_other_user_may_not_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(postgres, "_has_capability", lambda _: False)

    with pytest.raises(Unavailable, match=r"nobody may not enter .*; start this as another user"):
        prepare_postgres(tmp_path / "db", "secret")
