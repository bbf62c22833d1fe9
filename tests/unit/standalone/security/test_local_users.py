"""Whom `up` finds on a machine, and what it says of them."""

from __future__ import annotations

import pwd
import sys
from pathlib import Path

import pytest

from syntrust_standalone.cli import main
from syntrust_standalone.security import local_users
from syntrust_standalone.security.local_users import (
    OthersCanLogIn,
    name_others,
    require_own_machine,
)


def _account(name: str, uid: int, shell: str = "/bin/bash") -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "x", uid, uid, "", f"/home/{name}", shell))


def test_people_are_found_and_services_root_and_oneself_are_not() -> None:
    accounts = [
        _account("root", 0),
        _account("daemon", 1, "/usr/sbin/nologin"),
        _account("postgres", 115),
        _account("own", 1000),
        _account("anna", 1001),
        _account("without-shell-named", 1002, ""),
        _account("backup-job", 1003, "/bin/false"),
        _account("from-directory", 1_740_000_123, "/bin/zsh"),
        _account("passing", 61_500),
        _account("nobody", 65_534),
    ]

    found = name_others(accounts, own=1000, first=1000)

    assert found == {"anna", "without-shell-named", "from-directory"}


def test_a_shared_machine_is_refused_by_names_and_the_option_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = [_account(f"user{number}", 200_000 + number) for number in range(8)]
    monkeypatch.setattr(local_users, "_list_accounts", lambda: people)

    with pytest.raises(OthersCanLogIn, match="--allow-local-users") as refused:
        require_own_machine()

    assert "(user0, user1, user2, user3, user4, …)" in refused.value.detail


def test_a_machine_of_ones_own_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_users, "_list_accounts", lambda: [_account("root", 0)])

    require_own_machine()


def test_up_starts_nothing_on_a_shared_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(local_users, "_list_accounts", lambda: [_account("anna", 200_001)])
    data = tmp_path / "data"
    monkeypatch.setattr(sys, "argv", ["syntrust-standalone", "up", "--data", str(data)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert "Other people can log in to this machine (anna)." in capsys.readouterr().err
    assert not data.exists()


def test_the_accounts_of_this_machine_are_listed() -> None:
    assert "root" in {account.pw_name for account in local_users._list_accounts()}
