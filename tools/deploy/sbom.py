"""`python -m tools.deploy.sbom FOLDER`: what each image installs, as a CycloneDX document.

The packages of an image are those of its lock file and our own. Licences and dependencies are read
from this environment, which holds the same versions. The packages of the base image are not listed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
OWN: Final = {
    "gateway": ("syntrust-core", "syntrust-metrics", "syntrust-gateway"),
    "generator": ("syntrust-core", "syntrust-generator"),
    "segmenter": ("syntrust-core", "syntrust-segmenter"),
    "metrics": ("syntrust-core", "syntrust-metrics"),
}
Document = dict[str, Any]


def describe_environment() -> Document:
    """Describe everything that is installed beside this interpreter.

    Raises
    ------
    SystemExit
        The tool is not installed.
    """
    program = ROOT / "build" / "cyclonedx" / "bin" / "cyclonedx-py"
    if not program.exists():
        raise SystemExit(f"{program} is missing; `make sbom` installs it.")
    command = [str(program), "environment", sys.executable, "--output-reproducible"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    found: Document = json.loads(done.stdout)
    return found


def read_lock(image: str) -> dict[str, str]:
    """Versions by name of an image's lock file."""
    lines = (ROOT / "requirements" / f"{image}.txt").read_text().splitlines()
    pins = (line.partition("==") for line in lines if line and line[0] != "#")
    return {_normal(name): version for name, _, version in pins}


def describe_image(image: str, lock: Mapping[str, str], everything: Document) -> Document:
    """Keep what the image holds.

    Raises
    ------
    SystemExit
        This environment lacks a package of the lock, or has another version of it.
    """
    installed = {_normal(item["name"]): item for item in everything["components"]}
    for name, version in lock.items():
        found = installed.get(name, {}).get("version", "none").partition("+")[0]
        if found != version:
            raise SystemExit(f"{image}: the lock has {name} {version}, installed is {found}")
    kept = [installed[name] for name in sorted({*lock, *OWN[image]})]
    references = {item["bom-ref"] for item in kept}
    root = {"bom-ref": image, "type": "container", "name": f"syntrust-{image}"}
    root["version"] = installed[f"syntrust-{image}"]["version"]
    own = [installed[name]["bom-ref"] for name in OWN[image]]
    graph = [_keep(item, references) for item in everything["dependencies"]]
    return {
        **{name: everything[name] for name in ("bomFormat", "specVersion", "version")},
        "metadata": {"component": root, "tools": everything["metadata"]["tools"]},
        "components": kept,
        "dependencies": [{"ref": image, "dependsOn": own}, *filter(None, graph)],
    }


def _keep(item: Document, references: set[str]) -> Document:
    if item["ref"] not in references:
        return {}
    kept = [name for name in item.get("dependsOn", ()) if name in references]
    return {"ref": item["ref"], "dependsOn": kept}


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def main(arguments: list[str]) -> None:
    """Write one document for each image."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    everything = describe_environment()
    for image in OWN:
        document = describe_image(image, read_lock(image), everything)
        file = folder / f"{image}.cdx.json"
        file.write_text(json.dumps(document, indent=2) + "\n")
        print(f"{file}: {len(document['components'])} packages")


if __name__ == "__main__":
    main(sys.argv[1:])
