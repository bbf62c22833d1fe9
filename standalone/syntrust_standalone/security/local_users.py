"""Who else can log in to this machine.

The servers of a stack listen on loopback, which every local user reaches. Keys protect the data;
`SECURITY.md` says what a local user can still do.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from syntrust_core.errors import InvalidRequest

_FIRST_PERSON = 1000  # where /etc/login.defs says nothing
_SYSTEM_MADE = range(60_578, 65_536)  # systemd's passing users, and nobody
_NO_SHELLS = {"nologin", "false", "true", "sync", "shutdown", "halt"}
_NAMED = 5


class OthersCanLogIn(InvalidRequest):
    """The machine is shared, and nobody said that this is all right."""

    slug, title = "others-can-log-in", "Other people can log in to this machine"


def require_own_machine() -> None:
    """Refuse a machine where other people than this user and root can log in.

    Raises
    ------
    OthersCanLogIn
        The sentence names them and the option that accepts them.
    """
    names = sorted(name_others(_list_accounts(), os.getuid(), _first_person()))
    if not names:
        return
    shown = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    raise OthersCanLogIn(
        f"Other people can log in to this machine ({shown}). They need a key to read or change "
        "data, but they reach the servers' ports; SECURITY.md says what that lets them do. Use a "
        "machine of your own, or accept them with --allow-local-users."
    )


def name_others(accounts: Iterable[pwd.struct_passwd], own: int, first: int) -> set[str]:
    """Name the accounts of people with a shell: neither `own`, nor root, nor a service."""
    return {
        account.pw_name
        for account in accounts
        if account.pw_uid not in {own, 0}
        and account.pw_uid >= first
        and account.pw_uid not in _SYSTEM_MADE
        and Path(account.pw_shell or "/bin/sh").name not in _NO_SHELLS
    }


def _list_accounts() -> Iterator[pwd.struct_passwd]:
    """List the accounts that this machine knows, and those whose processes run on it.

    A directory service (LDAP) often refuses to list its accounts, but it knows each by its number.
    """
    yield from pwd.getpwall()
    for process in psutil.process_iter(["uids"]):
        uids = process.info["uids"]
        if uids is not None:
            try:
                yield pwd.getpwuid(uids.real)
            except KeyError:
                continue


def _first_person() -> int:
    """Read where the numbers of people begin, from /etc/login.defs."""
    try:
        lines = Path("/etc/login.defs").read_text(errors="replace").splitlines()
    except OSError:
        return _FIRST_PERSON
    fields = (line.split() for line in lines)
    found = [words[1] for words in fields if words[:1] == ["UID_MIN"] and len(words) > 1]
    return int(found[-1]) if found and found[-1].isdecimal() else _FIRST_PERSON
