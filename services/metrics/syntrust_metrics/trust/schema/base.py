"""What the types of this package share."""

from __future__ import annotations

from typing import Literal

Scope = Literal["this trained model", "training seeds"]
