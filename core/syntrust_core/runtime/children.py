"""The processes of a worker: how they are told to stop, and how its parent sees that they live.

A child touches a file every second while it runs a step, from a thread beside the step. A child
that is stopped, or hangs where no thread can run, stops touching it, and its parent kills it.
The file names the step and has the last lines of its log. So the parent can tell of a child that
died with its step what the child itself no longer can.
"""

from __future__ import annotations

import mmap
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from syntrust_core import recent_log
from syntrust_core.contracts.base import Frozen, Ref
from syntrust_core.log import get_logger

log = get_logger(__name__)

LIFE_SIGNS: Final = "alive-*"
HALF_WRITTEN: Final = ".alive-*"
_DEAD: Final = "ZX"
_END_AFTER_S: Final = 2.0  # so that the end of its step still reaches the parent


class LifeSign(Frozen):
    """What a child says while it runs a step. `worker` is the process id of its parent."""

    host: str
    worker: int
    ref: Ref
    attempt: str
    log: tuple[str, ...] = ()


class Death(StrEnum):
    """Why a child died with its step."""

    KILLED = "killed"  # not by its parent: by the system, or by a person
    WITH_WORKER = "killed with its worker"
    SILENT = "silent"
    STOPPING = "stopping"


class LostStep(NamedTuple):
    """A step whose child died before it could say how the attempt ended."""

    ref: Ref
    attempt: str
    log: tuple[str, ...]
    death: Death


class StopFlag:
    """One byte that a parent and the children it forks share: set once the worker is to end."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def set(self) -> None:
        self._byte[0] = 1

    def is_set(self) -> bool:
        return self._byte[0] == 1


class ChildProcess:
    """`StepProcess` of a worker's child."""

    def __init__(
        self, flag: StopFlag, scratch: Path, *, stop_grace_s: float, patience_factor: float
    ) -> None:
        self.stop_grace_s = stop_grace_s
        self.patience_factor = patience_factor
        self._flag, self._life_sign = flag, scratch / f"alive-{os.getpid()}"
        self._told = False
        self._signed: LifeSign | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM as a request to stop while the block runs.

        Whoever stops a worker may signal its whole group. A child that was told so ends by itself
        soon after the block.
        """
        before = signal.signal(signal.SIGTERM, lambda *_: self._tell())
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
            if self._told:
                timer = threading.Timer(_END_AFTER_S, os._exit, [0])
                timer.daemon = True
                timer.start()

    def stopping(self) -> bool:
        return self._told or self._flag.is_set()

    def sign(self, ref: Ref, attempt: str) -> None:
        lines = tuple(recent_log.list_lines())
        sign = LifeSign(
            host=socket.gethostname(), worker=os.getppid(), ref=ref, attempt=attempt, log=lines
        )
        try:
            if sign == self._signed and self._life_sign.exists():
                os.utime(self._life_sign)
            else:
                self._write(sign)
        except OSError as error:  # a full disk; the parent watches only files that are there
            log.warning("worker.no_life_sign", reason=error.strerror)

    def quiet(self) -> None:
        self._life_sign.unlink(missing_ok=True)

    def pause(self, seconds: float, until: threading.Event) -> None:
        until.wait(seconds)

    def kill(self) -> None:
        self.quiet()  # whoever ends a step so has said why
        os.kill(os.getpid(), signal.SIGKILL)

    def _write(self, sign: LifeSign) -> None:
        """Replace the file: its parent may read it at any moment."""
        part = self._life_sign.with_name(f".{self._life_sign.name}")
        part.write_text(sign.model_dump_json())
        part.replace(self._life_sign)
        self._signed = sign

    def _tell(self) -> None:
        self._told = True


class ChildWatch:
    """The parent's view of its children: it kills those that give no sign of life any more.

    Of those that died in a step, by its hand or another's, it tells which step that was.

    It counts looks and asks no clock: a worker that was stopped as a whole, or whose clock was
    set, has silent children only once it goes on and they do not.
    """

    def __init__(self, scratch: Path, *, most_silent: int, most_stopping: int) -> None:
        self._scratch = scratch
        self._most_silent, self._most_stopping = most_silent, most_stopping
        self._silent: dict[Path, tuple[int, int]] = {}
        self._killed: dict[Path, Death] = {}
        self._stopping = 0

    def look(self, *, stopping: bool) -> list[LostStep]:
        """Look once at every child that runs a step, and give the steps whose child is dead."""
        self._stopping += stopping
        signs = {path: _is_ours(_pid(path)) for path in self._scratch.glob(LIFE_SIGNS)}
        self._silent = {path: self._count(path) for path, lives in signs.items() if lives}
        for path, (_, silent) in self._silent.items():
            if silent >= self._most_silent:
                self._kill(path, Death.SILENT)
            elif self._stopping > self._most_stopping:
                self._kill(path, Death.STOPPING)
        dead = [path for path, lives in signs.items() if not lives and _is_signed_here(path)]
        return [lost for path in dead if (lost := take_lost(path, self._killed.pop(path, None)))]

    def _count(self, path: Path) -> tuple[int, int]:
        """Give the time of the last sign, and how many looks have seen no newer one."""
        try:
            touched = path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0, 0
        before, silent = self._silent.get(path, (touched, -1))
        return touched, silent + 1 if touched == before else 0

    def _kill(self, path: Path, why: Death) -> None:
        log.warning("worker.child_killed", pid=_pid(path), why=why)
        self._killed[path] = why
        os.kill(_pid(path), signal.SIGKILL)


def find_lost(scratch: Path) -> list[LostStep]:
    """Take the steps whose worker died with its children.

    Call it before this process has any: in a container that was started again it may have the
    process id of the worker that died.
    """
    left = [path for path in scratch.glob(LIFE_SIGNS) if _is_orphaned(path)]
    return [lost for path in left if (lost := take_lost(path, Death.WITH_WORKER))]


def take_lost(path: Path, death: Death | None = None) -> LostStep | None:
    """Read what a dead child has signed, and remove it; None if it has ended its step after all."""
    sign = _read(path)
    path.unlink(missing_ok=True)
    if sign is None:
        return None
    return LostStep(sign.ref, sign.attempt, sign.log, death or Death.KILLED)


def _is_signed_here(path: Path) -> bool:
    """Whether a child of this process has signed."""
    sign = _read(path)
    return sign is not None and (sign.host, sign.worker) == (socket.gethostname(), os.getpid())


def _is_orphaned(path: Path) -> bool:
    sign = _read(path)
    if sign is None or sign.host != socket.gethostname():
        return False
    return sign.worker == os.getpid() or not (_is_there(sign.worker) or _is_there(_pid(path)))


def _read(path: Path) -> LifeSign | None:
    """Read a sign; None if it is gone, or was written by another release."""
    try:
        return LifeSign.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _is_there(pid: int) -> bool:
    """Whether the process lives: a dead one stays listed until somebody asks how it ended."""
    return _read_state(pid)[0] not in _DEAD


def _pid(life_sign: Path) -> int:
    return int(life_sign.name.partition("-")[2])


def _is_ours(pid: int) -> bool:
    """Whether the process is a living child of this one: process ids are used again."""
    letter, parent = _read_state(pid)
    return letter not in _DEAD and parent == os.getpid()


def _read_state(pid: int) -> tuple[str, int]:
    """Read the state of a process, as one letter, and the id of its parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    letter, parent = state.rpartition(")")[2].split()[:2]
    return letter, int(parent)
