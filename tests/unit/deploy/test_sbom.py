"""`make sbom`."""

from __future__ import annotations

from typing import Any

import pytest
from tools.deploy.sbom import OWN, describe_image, read_lock


def package(name: str, version: str = "1.0") -> dict[str, Any]:
    return {"bom-ref": f"{name}=={version}", "name": name, "version": version}


@pytest.fixture
def everything() -> dict[str, Any]:
    """An environment with our code, two locked packages and a tool."""
    names = (*OWN["metrics"], "Scipy", "torch", "pytest")
    components = [package(name, "2.0+cpu" if name == "torch" else "1.0") for name in names]
    needs = [{"ref": "Scipy==1.0", "dependsOn": ["torch==2.0+cpu", "pytest==1.0"]}]
    body = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
    return {
        **body,
        "metadata": {"tools": {}},
        "components": components,
        "dependencies": [*needs, {"ref": "pytest==1.0"}],
    }


def test_an_image_lists_its_lock_and_our_code_and_no_tool(everything: dict[str, Any]) -> None:
    document = describe_image("metrics", {"scipy": "1.0", "torch": "2.0"}, everything)

    names = {item["name"] for item in document["components"]}
    assert names == {"syntrust-core", "syntrust-metrics", "Scipy", "torch"}
    assert {"ref": "Scipy==1.0", "dependsOn": ["torch==2.0+cpu"]} in document["dependencies"]
    assert document["metadata"]["component"]["name"] == "syntrust-metrics"


def test_another_version_than_the_locks_is_refused(everything: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match=r"scipy 1\.1, installed is 1\.0"):
        describe_image("metrics", {"scipy": "1.1"}, everything)


@pytest.mark.parametrize("image", OWN)
def test_every_line_of_a_lock_is_read(image: str) -> None:
    lock = read_lock(image)

    assert {"celery", "redis", "numpy"} <= set(lock)
    assert all(lock.values())
