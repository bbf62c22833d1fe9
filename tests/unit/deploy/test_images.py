"""What the Dockerfiles and their lock files promise. Nothing is built."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
ROOMS = {
    "gateway": "gateway",
    "generator": "services/generator",
    "segmenter": "services/segmenter",
    "metrics": "services/metrics",
}
UID = "10001"


def dockerfile(image: str) -> str:
    return (ROOT / ROOMS[image] / "Dockerfile").read_text()


def lock(image: str) -> set[str]:
    lines = (ROOT / "requirements" / f"{image}.txt").read_text().splitlines()
    return {canonicalize_name(line.partition("==")[0]) for line in lines if line[0] != "#"}


@pytest.fixture(scope="module")
def locking() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lock", ROOT / "requirements" / "lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def requirements(distribution: str) -> set[str]:
    """What a distribution of the lock's table, as `core[worker]`, asks for directly."""
    folder, _, extra = distribution.rstrip("]").partition("[")
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"]]
    asked += project.get("optional-dependencies", {}).get(extra, []) if extra else []
    names = {canonicalize_name(Requirement(text).name) for text in asked}
    return {name for name in names if not name.startswith("syntrust")}


@pytest.mark.parametrize("image", ROOMS)
def test_an_image_holds_what_its_distributions_ask_for(image: str, locking: ModuleType) -> None:
    distributions = locking.IMAGES[image]
    wanted = set().union(*map(requirements, distributions))
    installed = {name.partition("[")[0] for name in distributions}

    assert wanted <= lock(image)
    copied = re.findall(r"(?m)^COPY (\S+) \1$", dockerfile(image))
    assert set(copied) == installed
    assert f"--requirement requirements/{image}.txt" in dockerfile(image) or (
        f"requirements/{image}.txt > requirements/others.txt" in dockerfile(image)
    )


@pytest.mark.parametrize("image", ROOMS)
def test_whatever_the_code_of_an_image_imports_is_in_its_lock(
    image: str, locking: ModuleType
) -> None:
    known = packages_distributions()
    folders = {name.partition("[")[0] for name in locking.IMAGES[image]}
    missing = {
        module
        for folder in folders
        for module in imported(ROOT / folder)
        if not {canonicalize_name(name) for name in known.get(module, ())} & lock(image)
    }

    # The gateway has the trust factors of metrics, and never loads its figures or its printing.
    # Trainings alone load what several devices need; an import contract holds that.
    left_out = {"gateway": {"matplotlib", "torch", "typst"}, "metrics": {"torch"}}
    assert missing == left_out.get(image, set())


def imported(folder: Path) -> set[str]:
    """Top names of what the code imports from others."""
    files = [file for file in folder.rglob("*.py") if "testing" not in file.parts]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    names |= {node.module or "" for node in froms}
    tops = {name.partition(".")[0] for name in names}
    return {top for top in tops - sys.stdlib_module_names if not top.startswith("syntrust")}


def test_torch_is_in_generator_and_segmenter_alone() -> None:
    with_torch = {image for image in ROOMS if "torch" in lock(image)}

    assert with_torch == {"generator", "segmenter"}
    assert {image for image in ROOMS if "ARG TORCH_INDEX=\n" in dockerfile(image)} == with_torch


@pytest.mark.parametrize("image", ROOMS)
def test_an_image_runs_as_one_fixed_user_and_can_be_asked_for_its_health(image: str) -> None:
    text = dockerfile(image)
    final = text[text.rindex("\nFROM ") :]

    assert f"USER {UID}:{UID}" in final
    assert "STOPSIGNAL SIGTERM" in final
    assert "HEALTHCHECK" in final
    assert "org.opencontainers.image.version" in final
    assert "pip" not in final


@pytest.mark.parametrize("image", ROOMS)
def test_an_image_names_no_package_index(image: str) -> None:
    assert "http" not in dockerfile(image).replace("--http", "")


def test_no_test_code_and_no_data_reach_a_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert "*" in ignored
    assert "core/syntrust_core/testing" in ignored
    kept = {line[1:] for line in ignored if line.startswith("!")}
    code = {"core", "gateway", "services", "requirements", "wheels"}
    # The page's types come from the API's document; the guide is the documentation.
    page = {"docs", "tools", "mkdocs.yml", "client/src"}
    assert kept == {"LICENSE", "NOTICE"} | code | page
