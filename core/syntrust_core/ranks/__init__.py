"""Ranks: the processes that compute one training together, one device each.

The first rank is the process of the step, or of the command. It starts the others, tells them what
to compute, and alone reports, validates, keeps checkpoints and writes files. Each rank takes its
places of every batch. Only trainings import this package: its modules need torch.
"""
