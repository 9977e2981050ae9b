"""`thresholds/physics/`: how far from a law of physics a model may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from umlip_gate.errors import InputError
from umlip_gate.physics.quantities import UNITS
from umlip_gate.physics.studies import STUDIES
from umlip_gate.schema import Strict, nearest, read_toml, validate

Number = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class ByDtype(Strict):
    """A limit for each precision that a model computes in."""

    float32: Number
    float64: Number


class ByKind(Strict):
    """A limit for models whose forces are the gradient of the energy, and for those that are not.

    Attributes
    ----------
    conservative
        The model declares its forces to be the negative gradient of its energy.
    direct
        The model predicts its forces beside its energy.
    """

    conservative: ByDtype
    direct: ByDtype


class PhysicsLimit(Strict):
    """The largest deviation that a model may have.

    Attributes
    ----------
    quantity
        A name of `UNITS`.
    unit
        Its unit.
    law
        What holds of any potential.
    source
        What others allow, and what was measured.
    rationale
        Why these numbers, and which defects they find.
    max
        In `unit`.
    where_predicted
        Whether a gate that requires it passes a model that does not predict what it is about.
    slow
        Whether it takes minutes: `-m "physics and not slow"` leaves it out.
    """

    quantity: str
    unit: str
    law: str
    source: str
    rationale: str
    max: ByKind
    where_predicted: bool = False
    slow: bool = False

    @field_validator("quantity")
    @classmethod
    def _known_quantity(cls, quantity: str) -> str:
        if quantity not in UNITS:
            raise ValueError(f"unknown quantity; {nearest(quantity, list(UNITS))}")
        return quantity

    @field_validator("unit")
    @classmethod
    def _right_unit(cls, unit: str, info: ValidationInfo) -> str:
        expected = UNITS.get(info.data.get("quantity", ""), unit)
        if unit != expected:
            raise ValueError(f"{info.data['quantity']} is measured in {expected!r}")
        return unit

    @property
    def name(self) -> str:
        """The quantity's name as part of a check's id."""
        return self.quantity.replace("_", "-")

    def limit(self, *, conservative: bool, dtype: str) -> float:
        """Return the limit for a declared kind; of float32 unless all is computed in float64."""
        kind = self.max.conservative if conservative else self.max.direct
        return kind.float64 if dtype == "float64" else kind.float32


class LimitFile(Strict):
    """A file of `thresholds/physics/`.

    Attributes
    ----------
    protocol
        On which structures; the keys are those of the study's protocol.
    limits
        `[[limit]]` in the file.
    """

    protocol: dict[str, Any]
    limits: Annotated[tuple[PhysicsLimit, ...], Field(alias="limit", min_length=1)]


@dataclass(frozen=True)
class Physics:
    """Every law, and how it is measured.

    Attributes
    ----------
    protocols
        By study.
    limits
        By quantity.
    study_of
        Quantity -> the study that measures it.
    """

    protocols: Mapping[str, Any]
    limits: Mapping[str, PhysicsLimit]
    study_of: Mapping[str, str]


def load_physics(folder: Path) -> Physics:
    """Read every study's file.

    Raises
    ------
    InputError
        One is not there or not valid, or a quantity has two limits.
    """
    protocols: dict[str, Any] = {}
    limits: dict[str, PhysicsLimit] = {}
    study_of: dict[str, str] = {}
    for study, (schema, _) in STUDIES.items():
        path = folder / f"{study}.toml"
        file = validate(LimitFile, read_toml(path), str(path))
        protocols[study] = validate(schema, file.protocol, f"{path}: protocol")
        for limit in file.limits:
            if limit.quantity in limits:
                raise InputError(f"{path}: limit: {limit.quantity} is there twice")
            limits[limit.quantity], study_of[limit.quantity] = limit, study
    return Physics(protocols, limits, study_of)
