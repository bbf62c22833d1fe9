"""The faults that a platform must survive, each drawn and aimed by a seeded generator."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psutil
from tests.chaos.platform import Database, Platform

STOPPED_S: Final = 20.0
WORKERS: Final = ("generator", "segmenter", "metrics")
SERVERS: Final = ("redis", "s3")
HOSTS: Final = ("gateway", "orchestrator")


@dataclass(frozen=True)
class Fault:
    """What happens, and to which part."""

    what: str
    part: str

    def __str__(self) -> str:
        return f"{self.what} {self.part}"


def list_faults(database: Database) -> list[Fault]:
    """List the faults that a platform on this database can meet."""
    servers = (*SERVERS, "postgresql") if database == "postgresql" else SERVERS
    parts = (*HOSTS, *WORKERS, *servers)
    return [
        *(Fault("kill", part) for part in parts),
        *(Fault("stop for 20 s", part) for part in parts),
        *(Fault("restart", part) for part in parts),
        Fault("empty", "redis"),
        Fault("kill", "everything"),
        Fault("flip a byte of", "an artifact"),
        Fault("delete", "an artifact"),
    ]


def strike(platform: Platform, fault: Fault, chance: random.Random) -> str | None:
    """Let the fault happen; a stop also ends here, after its time.

    Returns
    -------
    str | None
        Key of the file that was damaged.
    """
    return _STRIKES[fault.what](platform, fault.part, chance)


def _kill(platform: Platform, part: str, chance: random.Random) -> None:
    if part == "everything":
        platform.kill_everything()
        platform.start()
        return
    _signal(_choose(platform, part, chance), signal.SIGKILL)


def _restart(platform: Platform, part: str, chance: random.Random) -> None:
    """End the part in order; its supervisor starts it again."""
    for process in platform.find(part)[:1]:
        _signal([process], signal.SIGTERM)


def _stop(platform: Platform, part: str, chance: random.Random) -> None:
    stopped = _choose(platform, part, chance)
    _signal(stopped, signal.SIGSTOP)
    time.sleep(STOPPED_S)
    _signal(stopped, signal.SIGCONT)


def _choose(platform: Platform, part: str, chance: random.Random) -> list[psutil.Process]:
    """Choose one process of a part, or all of them."""
    found = platform.find(part)
    return found if chance.random() < 0.5 else chance.sample(found, k=min(1, len(found)))


def _signal(processes: list[psutil.Process], what: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(what)


def _empty(platform: Platform, part: str, chance: random.Random) -> None:
    with platform.redis() as redis:
        redis.flushall()


def _flip(platform: Platform, part: str, chance: random.Random) -> str | None:
    store = platform.store()
    key = _choose_artifact(platform, chance)
    if key is not None:
        data = bytearray(store.get(key))
        data[chance.randrange(len(data))] ^= 1
        store.put(key, bytes(data))
    return key


def _delete(platform: Platform, part: str, chance: random.Random) -> str | None:
    key = _choose_artifact(platform, chance)
    if key is not None:
        platform.store().delete(key)
    return key


def _choose_artifact(platform: Platform, chance: random.Random) -> str | None:
    """Choose a file that a step has published; None before the first one."""
    store = platform.store()
    keys = sorted(item.key for item in store.list("artifacts/") if item.bytes)
    published = {key.rsplit("/", 1)[0] for key in keys if key.endswith("/manifest.json")}
    files = [key for key in keys if _is_file_of(published, key)]
    return chance.choice(files) if files else None


def _is_file_of(published: set[str], key: str) -> bool:
    """Tell whether a key is `artifacts/<kind>/<step>/<attempt>/<name>` of a published step."""
    artifact, _, rest = key.rpartition("/")
    step, _, attempt = artifact.rpartition("/")
    return bool(rest) and step in published and attempt not in {"attempts", "errors"}


_STRIKES: Final[dict[str, Callable[[Platform, str, random.Random], str | None]]] = {
    "kill": _kill,
    "stop for 20 s": _stop,
    "restart": _restart,
    "empty": _empty,
    "flip a byte of": _flip,
    "delete": _delete,
}
