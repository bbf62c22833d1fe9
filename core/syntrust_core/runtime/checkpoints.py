"""The checkpoints of a training in the store, which a worker that lost its lease cannot spoil.

Each is an object of its own. Its key names iteration, SHA-256 and attempt, and none is overwritten.
An attempt removes those of fewer iterations and the one it began from, so whoever writes last, the
state of most iterations is there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from syntrust_core.contracts.base import Ref
from syntrust_core.errors import ObjectMissing
from syntrust_core.files import file_sha256
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore

log = get_logger(__name__)

_NAME: Final = re.compile(r"(?P<iteration>\d{10})-(?P<sha256>[0-9a-f]{64})-(?P<attempt>.+)")


_LISTINGS: Final = 3  # another attempt may replace what was listed before it is read


class _Stored(NamedTuple):
    iteration: int
    sha256: str
    key: str


class Checkpoints:
    """The checkpoints of one step, as one attempt reads and writes them."""

    def __init__(self, store: ObjectStore, ref: Ref, attempt: str) -> None:
        self._store, self._ref, self._attempt = store, ref, attempt
        self._replaced: set[str] = set()
        self._used = False
        self.began_at = 0

    def load(self, path: Path) -> bool:
        """Fetch the state of most iterations to `path`; False if there is none that is whole."""
        for _ in range(_LISTINGS):
            kept = [stored for stored in self._list() if stored.key not in self._replaced]
            for stored in sorted(kept, reverse=True):
                if self._fetch(stored, path):
                    self._begin_from(stored.key, stored.iteration)
                    return True
            if not kept:
                break
        return self._load_earlier(path)

    def save(self, path: Path, iteration: int) -> None:
        """Keep the state after `iteration`, then remove those that it replaces."""
        name = f"{iteration:010d}-{file_sha256(path)}-{self._attempt}"
        key = f"{self._ref.checkpoints_prefix}{name}"
        self._store.put_file(key, path)
        self._used = True
        for stored in list(self._list()):
            if stored.iteration < iteration:
                self._replaced.add(stored.key)
        self._remove(self._replaced - {key})

    def drop(self) -> None:
        """Remove the checkpoints of a training that is now published, and what they count for."""
        if self._used:
            marks = {item.key for item in self._store.list(self._ref.progress_prefix)}
            kept = {stored.key for stored in self._list()}
            self._remove(kept | marks | {self._ref.checkpoint_key})

    def _list(self) -> list[_Stored]:
        prefix = self._ref.checkpoints_prefix
        found = (
            (item.key, _NAME.fullmatch(item.key.removeprefix(prefix)))
            for item in self._store.list(prefix)
        )
        return [_Stored(int(name["iteration"]), name["sha256"], key) for key, name in found if name]

    def _fetch(self, stored: _Stored, path: Path) -> bool:
        try:
            self._store.get_file(stored.key, path)
        except ObjectMissing:
            return False  # replaced since the listing
        if file_sha256(path) == stored.sha256:
            return True
        log.warning("checkpoint.damaged", key=stored.key)
        path.unlink()
        self._replaced.add(stored.key)
        return False

    def _load_earlier(self, path: Path) -> bool:
        """Fetch what a worker of an earlier release kept under the one key it had."""
        if not self._store.exists(self._ref.checkpoint_key):
            return False
        self._store.get_file(self._ref.checkpoint_key, path)
        self._begin_from(self._ref.checkpoint_key, 0)
        return True

    def _begin_from(self, key: str, iteration: int) -> None:
        self._used, self.began_at = True, iteration
        self._replaced.add(key)

    def _remove(self, keys: set[str]) -> None:
        for key in keys:
            self._store.delete(key)
        self._replaced -= keys
