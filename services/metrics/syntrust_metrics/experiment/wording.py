"""What the images of an experiment's cases are called: those of phantoms are no real images.

The texts of figures and reports are written of patients. `Wording.adapt` says the same of phantoms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from syntrust_core.contracts.vocabulary import ImageOrigin

_REAL: Final = re.compile(r"\b[Rr]eal\b")


@dataclass(frozen=True)
class Wording:
    """How the cases of an experiment are named.

    `real` stands for what no generator drew, as in "real images" or "real − synthetic"; `kind` is
    what a test case is, empty where nobody knows; `caution` is a sentence on what such cases show,
    or empty.
    """

    real: str
    kind: str
    caution: str = ""

    @property
    def test_case(self) -> str:
        """A test case, in the singular."""
        return f"{self.kind} test case".lstrip()

    @property
    def scan(self) -> str:
        """The scan of a test case, in the singular."""
        return f"held-out {self.kind} scan".replace("  ", " ")

    def adapt(self, text: str) -> str:
        """Say of these cases what `text` says of real ones.

        Only sentences of this project are adapted, and never a name that a user gave.
        """
        return _REAL.sub(self._replace, text)

    def _replace(self, found: re.Match[str]) -> str:
        return self.real.capitalize() if found[0][0].isupper() else self.real


PATIENTS: Final = Wording("real", "real")
PHANTOMS: Final = Wording(
    "reference",
    "phantom",
    "All cases are phantoms, made by a program: they say nothing about patients.",
)
UNRECORDED: Final = Wording(
    "reference", "", "Whether the cases are scans of patients or phantoms is not recorded."
)
_BY_ORIGIN: Final[Mapping[ImageOrigin | None, Wording]] = MappingProxyType(
    {"patients": PATIENTS, "phantoms": PHANTOMS, None: UNRECORDED}
)


def choose_wording(origin: ImageOrigin | None) -> Wording:
    """Choose how cases are named; null is an experiment of an earlier release."""
    return _BY_ORIGIN[origin]
