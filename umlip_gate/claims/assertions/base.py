"""What all kinds of assertion have in common."""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, StringConstraints

from umlip_gate.claims.evidence import Context, require
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Verdict
from umlip_gate.schema import RegistryId, Strict

T = TypeVar("T")


def _some(items: tuple[T, ...]) -> tuple[T, ...]:
    if not items:
        raise ValueError("is empty")
    return items


def different(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list with the same id twice."""
    twice = {name for name in ids if ids.count(name) > 1}
    if twice:
        raise ValueError(f"listed twice: {', '.join(sorted(twice))}")
    return ids


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
Some = Annotated[tuple[T, ...], AfterValidator(_some)]
Ids = Annotated[Some[RegistryId], AfterValidator(different)]


class Subject(NamedTuple):
    """What one test item is about.

    Attributes
    ----------
    model
        A registry id; None where several models are compared.
    dataset
        The id of a dataset or of a pool.
    """

    model: str | None
    dataset: str


class Kind(Strict, ABC):
    """An assertion of a claim; `[[claim.assertion]]` in the file.

    Attributes
    ----------
    about
        Whether it is judged among the accuracies or among the costs.
    name
        The assertion's, within its claim.
    """

    about: ClassVar[Literal["accuracy", "cost"]] = "accuracy"

    name: Name

    @property
    @abstractmethod
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""

    @property
    def named_groups(self) -> tuple[str, ...]:
        """The groups of the periodic table that the assertion names."""
        return ()

    @property
    def named_datasets(self) -> tuple[str, ...]:
        """The datasets and pools that the assertion names."""
        return tuple(subject.dataset for subject in self.subjects())

    @abstractmethod
    def subjects(self) -> list[Subject]:
        """List what is judged one by one."""

    @abstractmethod
    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge one of the subjects.

        What was not measured is never a pass: this returns a verdict on numbers, or raises.

        Raises
        ------
        Unavailable
            It cannot be judged without something that is not available here; the message names
            it, and says how to obtain it.
        MeasurementError
            Something that could be had was not measured, and might decide.
        """


class EachModel(Kind):
    """Each of the models on each of the datasets, one by one.

    Attributes
    ----------
    models, datasets
        Registry ids, or pools.
    """

    models: Ids
    datasets: Ids

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    def subjects(self) -> list[Subject]:
        """List every model on every dataset."""
        return [Subject(model, dataset) for model in self.models for dataset in self.datasets]

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge what the subject's model measures on the subject's dataset."""
        assert subject.model is not None  # noqa: S101 - as listed by `subjects`
        require(context, subject.dataset)
        return self.weigh(context.result(subject.model, subject.dataset), context)

    @abstractmethod
    def weigh(self, result: Result, context: Context) -> Verdict:
        """Judge what one model measures on one dataset; it raises as `judge` does."""
