"""Stand-ins for torch_scatter and torch_sparse, where the packages themselves are absent.

fairchem-core 1.10 imports both whatever the model is, and there is no build of them for every
torch: from source they take half an hour. eqV2 calls one function of them, `scatter`, which is
here in plain torch; whatever else fairchem-core imports by name is there, and raises when used.
torch_scatter 2.1.2 sums and averages in plain torch as well: the results are the same bit by bit,
and so are energies and forces of an eqV2 (measured with its own source beside this stand-in).
"""

import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import torch

ABSENT = {
    "torch_scatter": ("broadcast", "segment_coo", "segment_csr"),
    "torch_scatter.utils": ("broadcast",),
    "torch_sparse": ("SparseTensor",),
}
"""What fairchem-core imports beside `scatter`, for models that are not eqV2, by module."""


def stand_in() -> tuple[str, ...]:
    """Put the stand-ins where `import` finds them; gives the packages that they stand for."""
    missing = tuple(
        package
        for package in ("torch_scatter", "torch_sparse")
        if package not in sys.modules and importlib.util.find_spec(package) is None
    )
    for name, absent in ABSENT.items():
        if name.partition(".")[0] in missing:
            module = ModuleType(name, f"{__name__}: not the package {name}")
            for attribute in absent:
                setattr(module, attribute, _refusal(name, attribute))
            sys.modules[name] = module
    if "torch_scatter" in missing:
        vars(sys.modules["torch_scatter"])["scatter"] = scatter
    return missing


def scatter(
    src: "torch.Tensor", index: "torch.Tensor", dim: int = -1, reduce: str = "sum"
) -> "torch.Tensor":
    """Sum or average the slices of a tensor that have the same index.

    Parameters
    ----------
    src
        The tensor.
    index
        Of one dimension: where along `dim` of the result each slice of `src` goes. The result
        is as long as the largest index asks for; what no index names is 0.
    dim
        The dimension that is sliced.
    reduce
        `sum` or `mean`.

    Raises
    ------
    NotImplementedError
        Another reduction, or an index of several dimensions: the package itself has them.
    """
    if reduce not in {"sum", "mean"} or index.dim() != 1:
        raise NotImplementedError(
            f"scatter, reduce = {reduce!r}, index of {index.dim()} dimensions: the stand-in sums "
            "and averages by an index of one; install torch-scatter"
        )
    dim %= src.dim()
    length = int(index.max()) + 1 if index.numel() else 0
    shape = (*src.shape[:dim], length, *src.shape[dim + 1 :])
    total = src.new_zeros(shape).index_add_(dim, index, src)
    if reduce == "sum":
        return total
    count = src.new_zeros(length).index_add_(0, index, src.new_ones(len(index))).clamp_(min=1)
    return total / count.view(-1, *[1] * (src.dim() - 1 - dim))


def _refusal(module: str, attribute: str) -> type:
    def refuse(_self: object, *_args: object, **_kwargs: object) -> NoReturn:
        package = module.partition(".")[0].replace("_", "-")
        raise NotImplementedError(
            f"{module}.{attribute} is no part of the stand-in; install {package}"
        )

    return type(attribute, (), {"__init__": refuse})
