"""`make env`."""

from __future__ import annotations

from pathlib import Path

from tools.deploy.env_file import write_env


def values(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if line and line[0] != "#"]
    return dict(line.split("=", 1) for line in lines)


def test_passwords_are_strong_different_and_for_their_owner_alone(tmp_path: Path) -> None:
    assert write_env(tmp_path / "one")
    assert write_env(tmp_path / "two")

    one, two = values(tmp_path / "one"), values(tmp_path / "two")
    threads = one.pop("WORKER_THREADS")
    assert threads == two.pop("WORKER_THREADS")
    assert len({*one.values(), *two.values()}) == 2 * len(one)
    assert min(map(len, one.values())) >= 20
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("ADMIN_KEY=ours\n")

    assert not write_env(file)
    assert file.read_text() == "ADMIN_KEY=ours\n"
