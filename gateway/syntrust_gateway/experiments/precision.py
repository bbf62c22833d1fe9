"""Write the precision of this installation into whatever is asked for without one.

Nothing else chooses a precision, so a worker never has to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from syntrust_core.contracts.vocabulary import GeneratorPrecision, SegmenterPrecision


@dataclass(frozen=True)
class Precisions:
    """What an operator has set for the installation, as its `tune` commands advised."""

    generator: GeneratorPrecision = "fp32"
    segmenter: SegmenterPrecision = "float32"

    def complete_overrides(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Give a segmenter's overrides with a precision; one that the caller named stays."""
        if overrides.get("precision", "auto") != "auto":
            return dict(overrides)
        return {**overrides, "precision": self.segmenter}

    def complete_training(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Give the config of a generator's training with a precision; one that is named stays.

        What is no recipe stays as it is, for the training to refuse.
        """
        recipe = config.get("recipe", {})
        if not isinstance(recipe, Mapping) or "precision" in recipe:
            return dict(config)
        # A training has no TF32 of its own.
        precision = "bf16" if self.generator == "bf16" else "fp32"
        return {**config, "recipe": {**recipe, "precision": precision}}


FLOAT32: Final = Precisions()
"""What holds until an operator chooses: it is slower than itself on no machine."""
