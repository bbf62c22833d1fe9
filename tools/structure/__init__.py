"""Measures how the code of a checkout is laid out: `python -m tools.structure --root PATH`.

How each figure is counted:

code line
    A line that holds code: no blank line, no comment, no line of a docstring.
length of a function
    Its code lines from `def` to its end. Decorators do not count. Methods and functions inside
    functions are functions too; the code lines of an inner one also count in the outer one.
length of a module
    All its lines, as an editor counts them.
files in a folder
    Every file, `__init__.py` and `py.typed` included, if the folder holds a Python file.
import circle
    Modules that import each other, directly or through others. Only imports that run when the
    module is loaded count: no import in a function, none under `TYPE_CHECKING`. That loading a
    module loads the package around it is left out.
duplicate
    At least six code lines in a row that stand at a second place, letter for letter. Indentation,
    comments, import lines and lines without a letter or digit are passed over. Migrations of the
    database do not count: each repeats what stood when it was written, and is never changed.
typed function
    Every parameter but `self` and `cls`, and the answer, has a type.
percentile
    The nearest rank: the shortest length that the given share of functions does not exceed.
"""
