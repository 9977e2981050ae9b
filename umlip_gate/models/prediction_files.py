"""Files of predictions that stand for a model: `[predictions.DATASET]` in a candidate's file."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, model_validator

from umlip_gate.schema import Strict, nearest

Format = Literal["extxyz", "parquet", "npz", "pickle"]
FORMATS: tuple[str, ...] = get_args(Format)


def _known_format(reader: object) -> object:
    if isinstance(reader, str) and reader not in FORMATS:
        raise ValueError(f"no reader of predictions has this name; {nearest(reader, [*FORMATS])}")
    return reader


class PredictionKeys(Strict):
    """Names in a file; None stands for the usual one, which is the attribute's own.

    Attributes
    ----------
    energy
        Energy of the configuration, eV, total or per atom as `PredictionFile.energy` states.
    forces
        Forces, shape (n_atoms, 3), eV/Å.
    stress
        Stress, eV/Å³, as ASE counts it, 3 x 3 numbers or Voigt's six; not read unless it is named.
    energy_uncertainty
        What the model states of its energy's error, eV, total or per atom as the energy; read if
        it is there.
    force_uncertainty
        The same of each atom's force, shape (n_atoms,), eV/Å.
    """

    energy: str | None = None
    forces: str | None = None
    stress: str | None = None
    energy_uncertainty: str | None = None
    force_uncertainty: str | None = None


class PredictionFile(Strict):
    """Predictions for the structures of one dataset.

    Attributes
    ----------
    path
        The file; a relative path begins at the candidate file's folder.
    reader
        Its format (`umlip_gate/predictions/brought.py`).
    energy
        Whether its energies are of the whole cell or per atom. There is no default: a factor of
        the number of atoms is too easily taken for an inaccurate model.
    keys
        Under which names the file has them.
    """

    path: Path
    reader: Annotated[Format, BeforeValidator(_known_format)]
    energy: Literal["total", "per atom"]
    keys: PredictionKeys = PredictionKeys()

    @model_validator(mode="after")
    def _with_uncertainty(self) -> "PredictionFile":
        named = self.keys.energy_uncertainty or self.keys.force_uncertainty
        if named and self.reader == "pickle":
            raise ValueError("an uncertainty is read from extxyz, parquet and npz")
        return self
