"""What the ranks of a training compute together: means, sums, and an equal start."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor

Explain = Callable[[RuntimeError], Exception]


class Ranks:
    """The ranks of a training, as one of them sees the others.

    Every method but `places` must be called by all of them, in the same order. Alone, each gives
    back what it is given, and nothing is sent.

    Parameters
    ----------
    explain : callable
        Gives the error to raise where the others do not answer.
    """

    def __init__(
        self,
        rank: int = 0,
        size: int = 1,
        *,
        device: torch.device | None = None,
        explain: Explain = lambda error: error,
    ) -> None:
        self.rank, self.size = rank, size
        self.device = device or torch.device("cpu")
        self._explain = explain

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def places(self, batch: int) -> range:
        """Give this rank's places of a batch."""
        share = batch // self.size
        return range(self.rank * share, (self.rank + 1) * share)

    def mean(self, value: float) -> float:
        """Average a number over the ranks."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64)
        self.add_up(total)
        return total.item() / self.size

    def average_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace the gradients by their mean over the ranks.

        They travel as one tensor, whose layout is the same in every iteration and every attempt,
        so the order of each sum is, too: a resumed training ends with the same bits. The buckets
        of DistributedDataParallel are laid out anew after the first iteration.
        """
        if self.size == 1:
            return
        gradients = [each.grad for each in parameters if each.grad is not None]
        whole = torch.cat([gradient.reshape(-1) for gradient in gradients])
        self.add_up(whole)
        whole /= self.size
        parts = torch.split(whole, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    def sum_of_batch(self, share: Tensor) -> Tensor:
        """Sum over the ranks what a loss sums over the samples of a batch.

        The gradient is that of the whole batch's loss once `average_gradients` has run.
        """
        if self.size == 1:
            return share
        total: Tensor = _SumOfBatch.apply(share, self)  # type: ignore[no-untyped-call]
        return total

    def share_state(self, state: Any) -> Any:  # noqa: ANN401 - whatever torch.save takes
        """Give every rank the state of the first, on the CPU."""
        if self.size == 1:
            return state
        stream = BytesIO()
        if self.is_first:
            torch.save(state, stream)
        data = self.share_bytes(stream.getbuffer())
        if self.is_first:
            return state
        return torch.load(BytesIO(data), map_location="cpu", weights_only=True)

    def share_bytes(self, data: bytearray | memoryview) -> bytes:
        """Give every rank the bytes of the first, which has at least one."""
        length = torch.tensor(len(data))
        self._broadcast(length)
        whole = torch.empty(int(length), dtype=torch.uint8)
        if self.is_first:
            whole = torch.frombuffer(data, dtype=torch.uint8)
        self._broadcast(whole)
        return whole.numpy().tobytes()

    def add_up(self, tensor: Tensor) -> None:
        """Replace a tensor by its sum over the ranks."""
        self._ask(lambda: dist.all_reduce(tensor))

    def _broadcast(self, tensor: Tensor) -> None:
        self._ask(lambda: dist.broadcast(tensor, src=0))

    def _ask(self, collective: Callable[[], object]) -> None:
        try:
            collective()
        except RuntimeError as error:
            raise self._explain(error) from error


class _SumOfBatch(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, share: Tensor, ranks: Ranks) -> Tensor:  # noqa: ANN401 - torch's own
        ctx.size = ranks.size
        total = share.clone()
        ranks.add_up(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        # Each rank's gradient is a part of the sum; averaging them divides by their number.
        return gradient * ctx.size, None


ALONE: Final = Ranks()
