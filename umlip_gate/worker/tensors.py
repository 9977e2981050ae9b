"""Whether a checkpoint has the tensors of its model.

Packages load what they find, and leave the rest as it was initialised: at random.
"""

from collections.abc import Collection


def require_same(file: str, stored: Collection[str], expected: Collection[str]) -> None:
    """Refuse a checkpoint that lacks tensors of its model, or has others.

    Parameters
    ----------
    file
        The checkpoint's name.
    stored, expected
        Names of the tensors in it and in the model.

    Raises
    ------
    ValueError
        Says how many are missing or left over, and names the first.
    """
    missing, left_over = set(expected) - set(stored), set(stored) - set(expected)
    if missing or left_over:
        raise ValueError(
            f"{file} is not the model that it describes: {len(missing)} tensors of the model are "
            f"not in it, {len(left_over)} of its tensors are not in the model "
            f"(first: {min(missing or left_over)})"
        )
