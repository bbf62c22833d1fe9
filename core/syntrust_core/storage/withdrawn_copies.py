"""Copies that a worker keeps of what was withdrawn: they go as the originals in the store do."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Final

from syntrust_core.errors import Unavailable
from syntrust_core.log import get_logger
from syntrust_core.settings import Settings
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.s3 import S3Store
from syntrust_core.storage.tombstones import list_withdrawn

log = get_logger(__name__)

REMOVE_EVERY_S: Final = 300.0
Forget = Callable[[Collection[str]], None]


def remove_withdrawn_copies(store: ObjectStore, scratch: Path, forget: Forget) -> None:
    """Remove the input copies of withdrawn steps, and let `forget` remove what was made of them.

    Input copies are `cache-<process>/<kind>/<step>` in `scratch`, see `InputCache`. Whatever still
    reads them is being cancelled.
    """
    withdrawn = list_withdrawn(store)
    if not withdrawn:
        return
    for folder in scratch.glob("cache-*/*/*"):
        if folder.name in withdrawn:
            shutil.rmtree(folder, ignore_errors=True)
    forget(withdrawn)


def start_removing(settings: Settings, forget: Forget) -> None:
    """Remove such copies from now on, in a thread of the worker's parent process."""
    store, scratch = S3Store(settings.storage), settings.worker.scratch
    remove = partial(keep_removing, store, scratch, forget, threading.Event())
    threading.Thread(target=remove, name="copies", daemon=True).start()


def keep_removing(store: ObjectStore, scratch: Path, forget: Forget, stop: threading.Event) -> None:
    """Do so now and every five minutes, until `stop`."""
    while True:
        try:
            remove_withdrawn_copies(store, scratch, forget)
        except (Unavailable, OSError) as error:
            log.warning("worker.copies_not_removed", error=type(error).__name__)
        if stop.wait(REMOVE_EVERY_S):
            return
