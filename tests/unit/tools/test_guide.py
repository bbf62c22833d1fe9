"""The documentation as a site: what becomes of links, and that it fetches nothing."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import yaml
from tools.guide.hooks import on_page_markdown
from tools.guide.site import ROOT


def shown(markdown: str, page: str = "deploy.md") -> str:
    file = SimpleNamespace(file=SimpleNamespace(src_uri=page))
    return on_page_markdown(markdown, page=file)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "link",
    [
        "[a](tour.md)",
        "[a](#part)",
        "[a](internals/walks.md#x)",
        "[a](https://doi.org/1)",
        "![a](../x.png)",
    ],
)
def test_a_link_inside_the_documentation_stays(link: str) -> None:
    assert shown(link) == link


def test_a_link_to_the_source_tree_is_named_by_its_path() -> None:
    assert shown("[alerts](../monitoring/alerts.yml)") == "alerts (`monitoring/alerts.yml`)"
    assert shown("[a](../../README.md#x)", "internals/walks.md") == "a (`README.md`)"
    assert shown("[`k8s/checkov.yaml`](../k8s/checkov.yaml)") == "`k8s/checkov.yaml`"
    assert shown("[a](../README.md)", "decisions/0001.md") == "[a](../README.md)"
    assert shown("[API](openapi.json)") == "API (`docs/openapi.json`)"


def test_every_page_stands_in_the_navigation_or_is_a_decision() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    listed = set(re.findall(r"[\w/-]+\.md", str(yaml.safe_load(text)["nav"])))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages - listed if not page.startswith("decisions/")} == set()
    assert listed <= pages


def test_the_site_takes_no_types_from_elsewhere() -> None:
    assert yaml.safe_load((ROOT / "mkdocs.yml").read_text())["theme"]["font"] is False
