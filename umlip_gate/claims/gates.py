"""Reading gates: what a candidate must pass."""

from collections.abc import Collection
from pathlib import Path

from umlip_gate.claims.names import check_exists, check_once
from umlip_gate.claims.schema import Gate
from umlip_gate.errors import InputError
from umlip_gate.physics.limits import load_physics
from umlip_gate.schema import nearest, read_named, validate


def load_gate(name_or_path: str, folder: Path, datasets: Collection[str]) -> Gate:
    """Read one gate.

    Parameters
    ----------
    name_or_path
        A file (`….toml`), or the name of one in `gates/`.
    folder
        The thresholds folder.
    datasets
        The ids that exist.

    Raises
    ------
    InputError
        There is no such gate, or it is not valid.
    """
    path = Path(name_or_path)
    known = [gate.stem for gate in (folder / "gates").glob("*.toml")]
    if path.suffix != ".toml":
        path = folder / "gates" / f"{name_or_path}.toml"
        if name_or_path not in known:
            raise InputError(
                f"unknown gate {name_or_path!r}; {nearest(name_or_path, known)} "
                "(a gate of your own is given as a path that ends in .toml)"
            )
    elif path.parent.resolve() != (folder / "gates").resolve() and path.stem in known:
        raise InputError(
            f"{path}: {path.stem!r} is the name of one of {folder / 'gates'}; rename it"
        )
    gate = validate(Gate, read_named(path), str(path))
    registries = {"dataset": datasets}
    for dataset in gate.required:
        check_exists(dataset, "dataset", registries, f"{path}: required")
    for limit in gate.limits:
        check_exists(limit.dataset, "dataset", registries, f"{path}: limit {limit.name!r}")
    check_once((limit.name for limit in gate.limits), f"{path}: limit")
    idle = sorted(set(gate.required) - {limit.dataset for limit in gate.limits})
    if idle:
        raise InputError(f"{path}: required: no limit is on {', '.join(idle)}")
    if gate.physics:
        if gate.physics.dataset is not None:
            check_exists(gate.physics.dataset, "dataset", registries, f"{path}: physics: dataset")
        laws = {"quantity": load_physics(folder / "physics").limits}
        for quantity in gate.physics.quantities:
            check_exists(quantity, "quantity", laws, f"{path}: physics: quantities")
    return gate
