"""Render what `kubectl apply -k` would send: each overlay, and one with each optional component."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
K8S: Final = ROOT / "k8s"
Object = Mapping[str, Any]
VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "local": ("overlays/local",),
    "production": ("overlays/production",),
    "production-kueue": ("overlays/production", "components/kueue"),
    "production-several-gpus": ("overlays/production", "components/several-gpus"),
}
"""The overlay of each variant, and components that somebody may add to it."""


def render(variant: str) -> list[Object]:
    """Render a variant into its objects.

    Raises
    ------
    RuntimeError
        Kustomize refuses it; the text is its own.
    """
    overlay, *components = VARIANTS[variant]
    if not components:
        return _kustomize(K8S / overlay)
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as folder:
        here = {
            "resources": [os.path.relpath(K8S / overlay, folder)],
            "components": [os.path.relpath(K8S / each, folder) for each in components],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(here), "utf-8")
        return _kustomize(Path(folder))


def _kustomize(folder: Path) -> list[Object]:
    command = [str(Path(sys.executable).with_name("kubectl")), "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        msg = f"{folder.relative_to(ROOT)}: {done.stderr.strip()}"
        raise RuntimeError(msg)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    return [each for each in objects if each["kind"] in kinds]


def title(each: Object) -> str:
    return f"{each['kind']} {each['metadata']['name']}"
