"""What a data folder remembers, and that only one stack runs on it."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from syntrust_core.errors import Conflict, InvalidRequest
from syntrust_gateway.db.migrations import migrate
from syntrust_standalone.cli import main, welcome
from syntrust_standalone.data_folder import Database, DataFolder, FolderInUse, require_free_port
from syntrust_standalone.postgres import DATABASE, postgres_url
from syntrust_standalone.servers import HOST
from syntrust_standalone.stack import Stack


def test_credentials_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")

    with folder.lock():
        made, again = folder.load_credentials(), folder.load_credentials()

    mode = stat.S_IMODE(folder.credentials_file.stat().st_mode)
    assert mode == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
    assert made == again
    assert len(made.admin_key) >= 43  # 256 bits in base 64


def test_a_folder_of_an_earlier_version_gets_the_keys_that_it_lacks(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    old = {"s3_access_key": "a", "s3_secret_key": "b", "admin_key": "c"}
    folder.credentials_file.write_text(json.dumps(old))

    upgraded, again = folder.load_credentials(), folder.load_credentials()

    assert {name: getattr(upgraded, name) for name in old} == old
    assert len(upgraded.redis_password) == 40
    assert again == upgraded


def test_what_lies_in_a_folder_that_others_may_enter_is_closed_to_them(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    tmp_path.chmod(0o755)
    folder.s3.mkdir(mode=0o755)
    folder.database.touch(0o644)

    with folder.lock():
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    private = {"redis": 0o700, "s3": 0o700, "logs": 0o700, "work": 0o700}
    assert modes == {**private, "lock": 0o600, "syntrust.db": 0o600}


def test_no_key_is_printed_with_its_credentials(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    made = folder.load_credentials()

    assert made.admin_key not in repr(made)
    assert made.s3_secret_key not in repr(made)
    assert made.redis_password not in repr(made)


def test_a_key_that_an_earlier_version_did_not_know_is_added_to_the_others(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    made = folder.load_credentials()
    kept = json.loads(folder.credentials_file.read_text())
    del kept["database_password"]
    folder.credentials_file.write_text(json.dumps(kept))

    later = folder.load_credentials()

    assert later.admin_key == made.admin_key
    assert later.database_password not in {"", made.database_password}
    assert folder.load_credentials() == later


@pytest.mark.parametrize(
    ("file", "begun", "other"),
    [
        ("syntrust.db", Database.SQLITE, Database.POSTGRESQL),
        ("postgres/data", Database.POSTGRESQL, Database.SQLITE),
    ],
)
def test_a_folder_stays_with_the_database_it_was_begun_with(
    tmp_path: Path, file: str, begun: Database, other: Database
) -> None:
    folder = DataFolder(tmp_path)
    (tmp_path / file).mkdir(parents=True)

    assert folder.choose_database(None) is begun
    assert folder.choose_database(begun) is begun
    with pytest.raises(Conflict, match=f"was begun with --database {begun}"):
        folder.choose_database(other)


def test_a_new_folder_gets_the_database_that_is_asked_for_and_sqlite_by_itself(
    tmp_path: Path,
) -> None:
    folder = DataFolder(tmp_path)

    assert folder.choose_database(None) is Database.SQLITE
    assert folder.choose_database(Database.POSTGRESQL) is Database.POSTGRESQL


def test_a_damaged_credentials_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text("{")

    with pytest.raises(InvalidRequest, match=r"credentials\.json is not JSON"):
        DataFolder(tmp_path).load_credentials()


def test_a_second_stack_on_a_folder_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    with (
        folder.lock(),
        pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}"),
        DataFolder(tmp_path).lock(),
    ):
        pass


def test_a_stale_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    script = (
        "import os; from pathlib import Path;"
        "from syntrust_standalone.data_folder import DataFolder;"
        f"lock = DataFolder(Path({str(tmp_path)!r})).lock(); lock.__enter__();"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)

    with DataFolder(tmp_path).lock():
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_a_folder_stays_taken_while_a_killed_runs_helper_holds_the_lock(tmp_path: Path) -> None:
    """The helper ends what the killed run left; until then nobody may start beside that."""
    script = (
        "import os, subprocess; from pathlib import Path;"
        "from syntrust_standalone.data_folder import DataFolder;"
        f"folder = DataFolder(Path({str(tmp_path)!r})).lock(); lock = folder.__enter__();"
        "subprocess.Popen(['sh', '-c', 'read wait; exit'], stdin=0, pass_fds=[lock]);"
        "print('held', flush=True); os.kill(os.getpid(), 9)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stdin is not None
        run.stdout.readline()
        run.wait()
        before = _lock_is_free(tmp_path / "lock")
        run.stdin.close()

        with DataFolder(tmp_path).lock():
            pass

    assert not before


def _lock_is_free(path: Path) -> bool:
    import fcntl

    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_a_later_run_keeps_the_ports_of_the_one_before(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    first = folder.choose_ports(0)
    folder.write_run("ready", first, "http://127.0.0.1:1")

    second = folder.choose_ports(0)

    assert second.redis == first.redis
    assert (second.postgres, second.weed) == (first.postgres, first.weed)


def test_a_port_that_somebody_took_meanwhile_is_not_kept(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    first = folder.choose_ports(0)
    folder.write_run("ready", first, "http://127.0.0.1:1")

    with socket.create_server((HOST, first.redis)):
        second = folder.choose_ports(0)

    assert second.redis != first.redis


def test_a_taken_gateway_port_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        arguments = [
            "syntrust-standalone",
            "up",
            "--data",
            str(tmp_path / "d"),
            "--port",
            str(port),
        ]
        monkeypatch.setattr(sys, "argv", arguments)

        with pytest.raises(SystemExit) as ended:
            main()

    assert ended.value.code == 1
    assert f"Port {port} of this machine is taken" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_any_free_port_will_do_when_none_is_named() -> None:
    require_free_port(0)


ODD_NAMES = ("50% of? #[d]", "%41 M\u00fcller's", "$HOME a&b=c")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_database_lies_in_its_folder_whatever_the_name_of_that(
    tmp_path: Path, name: str
) -> None:
    folder = DataFolder(tmp_path / name)
    with folder.lock():
        stack = Stack(folder, folder.load_credentials(), folder.choose_ports(0))
        migrate(stack.database_url)

    assert make_url(stack.database_url).database == str(folder.database)
    assert folder.database.stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_shell_reads_the_printed_settings_as_they_are_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder = DataFolder(tmp_path / name)
    with folder.lock():
        stack = Stack(folder, folder.load_credentials(), folder.choose_ports(0))

    welcome(stack)

    exports = [line for line in capsys.readouterr().err.splitlines() if "export" in line]
    script = "\n".join([*exports, 'printf "%s %s" "$SYNTRUST_URL" "$SYNTRUST_KEY_FILE"'])
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == f"{stack.url} {folder.credentials_file}"


def test_a_password_with_signs_of_a_url_is_read_as_it_is() -> None:
    url = make_url(postgres_url(1, "p@ss/wo:rd?%20"))

    assert (url.password, url.port, url.database) == ("p@ss/wo:rd?%20", 1, DATABASE)
