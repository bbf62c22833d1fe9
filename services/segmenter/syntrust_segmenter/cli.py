"""`syntrust-segmenter`: start weights in, bundles out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.errors import PlatformError
from syntrust_core.settings import Settings
from syntrust_core.storage.s3 import S3Store
from syntrust_segmenter.models.bundle import export_bundle
from syntrust_segmenter.models.publish import publish_model
from syntrust_segmenter.models.start_weights import RELEASED_ORDER, Layout, import_checkpoint
from syntrust_segmenter.presets import PRESETS, configure


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; refusals end with a sentence and exit code 2, not with a traceback."""
    asked = _parser().parse_args(arguments)
    try:
        said: str = asked.command(asked)
    except PlatformError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 2
    sys.stdout.write(f"{said}\n")
    return 0


def _export(asked: argparse.Namespace) -> str:
    export_bundle(asked.model, asked.out)
    return (
        f"Wrote {asked.out}. Run it there with: python -m monai.bundle run "
        "--config_file configs/inference.json --dataset_dir CASES"
    )


def _import(asked: argparse.Namespace) -> str:
    config = configure(asked.preset)
    import_checkpoint(
        asked.checkpoint, asked.out, layout=asked.layout, config=config, order=asked.order
    )
    return f"Wrote {asked.out}. Research use only."


def _publish(asked: argparse.Namespace) -> str:
    ref = publish_model(S3Store(Settings().storage), asked.folder, asked.name)
    return f"{asked.name} is everybody's now, also as {ref.id}. Research use only."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="syntrust-segmenter", description=__doc__)
    commands = parser.add_subparsers(required=True)

    export = commands.add_parser("export", help="Write a trained segmenter as a MONAI bundle.")
    export.add_argument("model", type=Path, help="Folder of a trained segmenter.")
    export.add_argument("out", type=Path, help="Folder to write; it must not be there yet.")
    export.set_defaults(command=_export)

    bring = commands.add_parser("import", help="Check a checkpoint of others; write start weights.")
    bring.add_argument("checkpoint", type=Path, help="File of torch.save; nothing in it is run.")
    bring.add_argument("out", type=Path, help="Folder to write.")
    bring.add_argument("--layout", choices=get_args(Layout), default="brats21")
    bring.add_argument("--preset", choices=tuple(PRESETS), default="full", help="Size of network.")
    bring.add_argument(
        "--order",
        nargs=len(MODALITIES),
        metavar="MODALITY",
        help=f"Of the input channels; for brats21: {' '.join(RELEASED_ORDER)} if left out.",
    )
    bring.set_defaults(command=_import)

    publish = commands.add_parser("publish", help="Give a model a name that experiments can use.")
    publish.add_argument("folder", type=Path, help="What import wrote, or a trained segmenter.")
    publish.add_argument("--name", required=True, help="As brats21-fold0.")
    publish.set_defaults(command=_publish)
    return parser


if __name__ == "__main__":
    sys.exit(main())
