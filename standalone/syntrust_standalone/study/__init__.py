"""A study: a design in a file, run on a platform from its data to one file of results.

`spec`         the file of a study, checked
`results_file` the file of its results: content, digest, provenance
`run`          what happens between the two, over the API
`at`, `own`    on a platform that runs already, and on one of its own
`page`         a page and its figures, made from the file of results alone
"""
