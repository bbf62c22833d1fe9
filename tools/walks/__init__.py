"""Follows one value through the code: `python -m tools.walks` lists the files that it passes.

The real code handles one small value while every call of a function is watched. A file counts if
one of its functions is called on the way. It does not count if it is only imported, or if it holds
only classes without code of their own. Servers are stand-ins in memory, and these are left out; so
is what calls from outside the packages, as the web framework does.
"""
