"""Colours of the figures: told apart by every reader, in print without colour too."""

import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from syntrust_metrics.figures.style import REGIONS, SIDES, Look
from syntrust_metrics.figures.volumes import PARTS

# Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009, doi:10.1109/TVCG.2009.113: severity 1.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour: str) -> NDArray[np.float64]:
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colour space in which distances are as the eye has them, CIE 1976."""
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    x, y, z = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.95047, 1, 1.08883]
    f = [np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("looks", [REGIONS, SIDES, PARTS], ids=["regions", "sides", "parts"])
def test_colours_are_told_apart_by_everybody_and_without_colour(
    looks: Mapping[str, Look],
) -> None:
    for one, other in itertools.combinations(looks.values(), 2):
        assert one.line != other.line
        assert one.marker != other.marker
        for matrix in BLINDNESS.values():
            seen = [lab(np.array(matrix) @ linear(look.colour)) for look in (one, other)]
            assert np.linalg.norm(seen[0] - seen[1]) > 20
        lightness = [lab(linear(look.colour))[0] for look in (one, other)]
        assert abs(lightness[0] - lightness[1]) > 12


@pytest.mark.parametrize("looks", [REGIONS, SIDES, PARTS], ids=["regions", "sides", "parts"])
def test_every_colour_stands_out_from_white_paper(looks: Mapping[str, Look]) -> None:
    for look in looks.values():
        luminance = float(linear(look.colour) @ [0.2126, 0.7152, 0.0722])
        assert 1.05 / (luminance + 0.05) >= 2.8
