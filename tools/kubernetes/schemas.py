"""Check every object against its schema: Kubernetes' own, and ours of what we use of KEDA.

The Jobs that KEDA makes of a ScaledJob are checked as Kubernetes would see them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import jsonschema
import kubernetes_validate
from tools.kubernetes.rendering import Object, title

VERSIONS: Final = ("1.34", "1.37")
_KEDA: Final = json.loads(Path(__file__).with_name("keda.json").read_text("utf-8"))


def with_jobs(objects: list[Object]) -> list[Object]:
    """Give the objects, and beside each ScaledJob the Job that KEDA makes of it."""
    return [made for each in objects for made in (each, *_jobs(each))]


def _jobs(scaled: Object) -> Iterator[Object]:
    if scaled["kind"] == "ScaledJob":
        metadata = scaled["metadata"]
        yield {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {key: metadata[key] for key in ("name", "namespace", "labels")},
            "spec": scaled["spec"]["jobTargetRef"],
        }


def check_schemas(objects: list[Object]) -> Iterator[str]:
    """Give a sentence for each object that a schema refuses."""
    for each in with_jobs(objects):
        if each["apiVersion"].startswith("keda.sh/"):
            schema = {"$ref": f"#/$defs/{each['kind']}", **_KEDA}
            for error in jsonschema.Draft202012Validator(schema).iter_errors(each):
                yield f"{title(each)}: {error.json_path}: {error.message}"
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{title(each)}, Kubernetes {version}: {error.message}"
