"""One place that turns whatever goes wrong into a sentence on stderr and an exit code.

| code | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed: the sentence says by whom and why |
| 2 | wrong usage: an option, or an address, key, proxy or certificate that cannot be used |
| 3 | no server answers |
| 70 | a fault of this command |
| 130 | interrupted by Ctrl-C |
"""

from __future__ import annotations

import codecs
import os
import sys
import traceback
from collections.abc import Callable
from typing import Final, NoReturn, TextIO

from syntrust.errors import InvalidConfiguration, SynTrustError, Unreachable

REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
FAULT: Final = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED: Final = 130
TRACEBACK: Final = "SYNTRUST_TRACEBACK"
_READABLE: Final = "syntrust.readable"
_IN_ASCII: Final = {
    "α": "alpha",
    "…": "...",
    "×": "x",
    "±": "+/-",
    "σ": "sigma",
    "≥": ">=",
    "≤": "<=",
    "–": "-",
    "—": "-",
    "━": "-",
    "╸": "-",
    "╺": "-",
    "•": "*",
    "·": ".",
}


def run(command: Callable[[], object]) -> None:
    """Run a command.

    Raises
    ------
    SystemExit
        With the exit code, unless the command returns.
    """
    for stream in (sys.stdout, sys.stderr):
        _make_readable(stream)
    try:
        command()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:  # noqa: BLE001 - the one place for all that goes wrong
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    code, sentence = explain(error)
    sys.stderr.write(f"error: {sentence}\n")
    raise SystemExit(code) from None


def explain(error: Exception) -> tuple[int, str]:
    """Give exit code and sentence of an error."""
    if isinstance(error, Unreachable):
        return UNREACHABLE, str(error)
    if isinstance(error, InvalidConfiguration):
        return USAGE, str(error)
    if isinstance(error, SynTrustError):
        return REFUSED, str(error)
    if isinstance(error, OSError):
        why = error.strerror or type(error).__name__
        return REFUSED, f"{error.filename}: {why}." if error.filename else f"{why}."
    # The text of another error may hold anything, a key too.
    kind = type(error).__name__
    return FAULT, (
        f"The command failed by a fault of its own ({kind} in {_place(error)}). Please report it; "
        f"{TRACEBACK}=1 tells more."
    )


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "syntrust" in frame.filename] or frames
    return f"{os.path.basename(ours[-1].filename)}:{ours[-1].lineno}" if ours else "?"  # noqa: PTH119


def _make_readable(stream: TextIO) -> None:
    """Let a terminal without Unicode get words and escapes for what it cannot show."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=_READABLE)


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Spell what an encoding lacks in ASCII; an error handler as `codecs` wants it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    spelled = (
        _IN_ASCII.get(letter) or letter.encode("ascii", "backslashreplace").decode("ascii")
        for letter in text
    )
    return "".join(spelled), error.end


codecs.register_error(_READABLE, _replace)
