"""The page of settings is the classes', and whatever sets or names a variable agrees with them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.configuration import SERVICES, known_names, read_settings, write_page

from syntrust_core.configuration import CLIENT
from syntrust_core.configuration import SERVICES as OWN_GROUPS
from syntrust_core.settings import Settings

ROOT = Path(__file__).parents[3]
NAME = re.compile(r"\bSYNTRUST_[A-Z][A-Z0-9_]*[A-Z0-9]")
SET_OR_NAMED = ("*compose*.yml", "**/Dockerfile", "**/*.md", "Makefile")
DEPLOYED = ("k8s", "slurm", "monitoring")
BUILT = {".venv", "build", "node_modules", "CHANGELOG.md"}


def files() -> Iterator[Path]:
    """Give the files that set variables, or tell somebody to."""
    for pattern in SET_OR_NAMED:
        yield from (path for path in ROOT.glob(pattern) if not BUILT & {*path.parts})
    for folder in DEPLOYED:
        yield from (path for path in ROOT.glob(f"{folder}/**/*") if path.is_file())


def test_the_page_is_made_from_the_classes() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")

    assert page == write_page(), "run `make configuration`"


def test_every_setting_says_what_it_means() -> None:
    silent = [s.variable.name for s in read_settings() if not s.variable.field.description]

    assert silent == []


def test_compose_kubernetes_slurm_and_docs_name_only_settings() -> None:
    known = known_names()

    unknown = {
        (str(path.relative_to(ROOT)), name)
        for path in files()
        for name in NAME.findall(path.read_text("utf-8"))
        if name not in known
    }

    assert unknown == set()


def test_core_knows_which_services_have_settings_of_their_own() -> None:
    own = {s.variable.path[0] for s in read_settings()} - set(Settings.model_fields)

    assert own == OWN_GROUPS


def test_core_knows_the_variables_of_the_client() -> None:
    sources = (ROOT / "client" / "src").rglob("*.py")
    named = {name for path in sources for name in NAME.findall(path.read_text("utf-8"))}

    assert named == CLIENT


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_with_an_unknown_variable_does_not_start(service: str) -> None:
    module = f"syntrust_{service}" if service == "gateway" else f"syntrust_{service}.worker"
    command = [sys.executable, "-m", module, *(["orchestrate"] if service == "gateway" else [])]
    env = {"SYNTRUST_QUEUE__URI": "redis://nowhere"}

    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert ended.returncode == 78
    assert ended.stderr == (
        "There is no setting of this name: SYNTRUST_QUEUE__URI, nearest is SYNTRUST_QUEUE__URL.\n"
    )
