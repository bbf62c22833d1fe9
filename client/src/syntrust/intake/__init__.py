"""Finding the cases in a folder before anything is sent: each with its files, or why it is none.

`survey` looks through a folder; nothing here speaks to a server.
"""
