"""Types of what `POST /trust-score`, `GET /trust-factors` and an experiment's inference answer.

They describe plain JSON objects and check nothing at run time. The text below a key is its
description in OpenAPI. Loads the standard library and `typing_extensions` alone, whose `TypedDict`
pydantic reads on every Python.

================  ====================================================================
`request`         what `POST /trust-score` takes
`estimates`       a number with its interval, and how numbers are laid out
`answer`          what `POST /trust-score` answers
`inference`       what an experiment is tested for: `versus_real`, the curve, the claims
`recommendation`  the share of synthetic images that does no harm
`definitions`     what `GET /trust-factors` answers
================  ====================================================================
"""
