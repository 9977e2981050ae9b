"""Where predictions come from: computed here, published or brought as a file, or another DFT."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols
from numpy.typing import NDArray

from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.datasets.digests import sha256_of
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.subset import matched_rows
from umlip_gate.datasets.view import DatasetView
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Recalculation
from umlip_gate.models.prepare import RunnableModel, prepare_candidate, prepare_model
from umlip_gate.models.registry import Model
from umlip_gate.models.worker_process import Worker, can_leave_network, worker_environment
from umlip_gate.notices import add_notice
from umlip_gate.predictions.batches import packed
from umlip_gate.predictions.brought import read_brought
from umlip_gate.predictions.compute import compute, searched
from umlip_gate.predictions.executors.cluster import Cluster
from umlip_gate.predictions.executors.dask_pool import DaskPool
from umlip_gate.predictions.gpus import slots, visible_gpus
from umlip_gate.predictions.identity import brought_identity, live_identity, published_identity
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.published import published
from umlip_gate.predictions.store import Row, Store
from umlip_gate.predictions.unfinished import computing
from umlip_gate.predictions.variants import variant_of
from umlip_gate.provenance import Provenance
from umlip_gate.worker.potential import Ability
from umlip_gate.worker.validation import UNTRAINED

Choice = Literal["auto", "live", "published"]
Source = Model | Candidate | Recalculation


@dataclass
class PredictionSources:
    """Where the predictions of a run come from.

    Attributes
    ----------
    datasets
        The datasets.
    device
        Where the registry's models compute.
    random_seed
        Random weights of this seed instead of the registry's, if it is set.
    n_workers
        Processes that share a computation on a CPU.
    announce
        Is told what is being computed.
    announced
        What it was told once, and is not told again.
    share
        The name of the share of the rows that this process computes, if others compute the rest.
    cluster
        What evaluates in place of this machine.
    """

    datasets: DatasetCache
    device: str
    random_seed: int | None
    n_workers: int
    announce: Callable[[str], None]
    announced: set[str] = field(default_factory=set)
    share: str = ""
    cluster: Cluster | None = None
    _read: dict[tuple[str, str], Predictions] = field(default_factory=dict)

    def of(  # noqa: PLR0913 - what is predicted, and how
        self,
        model: Source,
        view: DatasetView,
        rows: IntArray,
        *,
        choice: Choice = "auto",
        budget_s: float | None = None,
        atoms_per_batch: int | None = None,
        variant: str | None = None,
    ) -> Predictions:
        """Return the predictions of a model for rows of a dataset.

        Of a subset, those of its parent are computed and stored: nothing is predicted twice.

        Parameters
        ----------
        model
            Its entry.
        view
            The dataset; structures of no registered dataset are a view that is its own parent.
        rows
            Row numbers of the view; with a budget, in the order in which they are evaluated.
        choice
            Which predictions are used: `auto` computes if the model can run here, and uses
            published ones otherwise.
        budget_s
            No block of rows is begun later than so long after the start; None for all rows.
        atoms_per_batch
            The most atoms that are evaluated at once; the family's number if it is None.
        variant
            Another way of computing, a name of `VARIANTS`; the model's own if it is None.

        Raises
        ------
        Unavailable
            The dataset or the model is not available here.
        MeasurementError, InputError
            They are, and were not predicted.
        """
        if isinstance(model, Recalculation):
            return self._recalculated(model.name, view, rows)
        if isinstance(model, Candidate) and model.predictions:
            return self._brought(model, view, rows)
        live = self._live(model, view, choice)
        if live is None:
            assert isinstance(model, Model)  # noqa: S101 - a candidate is always live
            return self._published(model, view, rows)
        name = _name(model)
        if variant:
            live = self._variant(name, live, variant)
        return self._computed(
            name, live, view, rows, budget_s=budget_s, atoms_per_batch=atoms_per_batch
        )

    def _variant(self, name: str, live: RunnableModel, variant: str) -> RunnableModel:
        try:
            return variant_of(live, variant)
        except Unavailable as reason:
            raise Unavailable(f"{name}: {reason}") from None

    def refuses(self, model: Model | Candidate, ability: str) -> bool:
        """Return whether a model's family declares that it cannot answer, by `Abilities`."""
        declared: Ability = getattr(self._runnable(model).abilities, ability)
        return declared != "answers"

    @contextlib.contextmanager
    def asking(self, model: Model | Candidate) -> Iterator[Callable[[Configurations], Predictions]]:
        """Return a function that evaluates structures at once; what it returns is not stored."""
        live = self._runnable(model)
        logs = self.datasets.settings.run / "workers" / "asking"
        logs.mkdir(parents=True, exist_ok=True)
        with Pool(live.job, [None], logs) as pool:

            def ask(configurations: Configurations) -> Predictions:
                found: dict[int, Row] = {}
                rows = np.arange(len(configurations))
                batches = packed(rows, configurations.n_atoms, live.atoms_per_batch)
                pool.evaluate(batches, configurations.atoms, lambda part, _: found.update(part))
                answers = [found.get(row, Row("fault")) for row in rows.tolist()]
                forces = [
                    answer.forces_ev_per_ang if answer.kind == "ok" else np.full((n, 3), np.nan)
                    for answer, n in zip(answers, configurations.n_atoms.tolist(), strict=True)
                ]
                energies = [a.energy_ev if a.kind == "ok" else np.nan for a in answers]
                return Predictions(np.array(energies), np.concatenate(forces), {})

            yield ask

    def stresses(
        self, model: Model | Candidate, configurations: Configurations
    ) -> NDArray[np.float64]:
        """Return the stresses of a few structures, shape (n, 3, 3), eV/Å³; they are not stored.

        Raises
        ------
        Unavailable
            The model does not predict stresses.
        MeasurementError
            It does, and raised, or answered what is no stress.
        """
        name = _name(model)
        with self._worker(model) as worker:
            kind, said = worker.stresses(
                [configurations.atoms(row) for row in range(len(configurations))]
            )
        if kind == "none":
            raise Unavailable(f"{name} predicts no stress: {said}")
        if kind != "ok":
            raise MeasurementError(f"{name}: no stress: {said}")
        return np.array(said, dtype=np.float64)

    def nve(
        self, model: Model | Candidate, atoms: Atoms, runs: Mapping[int, dict[str, float]]
    ) -> dict[int, dict[str, Any]]:
        """Return what each of several NVE runs gives, each in a process; nothing is stored.

        Raises
        ------
        Unavailable
            The model is not available here.
        MeasurementError
            It raised in a run.
        """

        def run(key: int) -> dict[str, Any]:
            with self._worker(model, f"-{key}") as worker:
                kind, said = worker.nve(atoms, runs[key])
            if kind != "ok":
                raise MeasurementError(f"{_name(model)}: no NVE run: {said}")
            answer: dict[str, Any] = said
            return answer

        with ThreadPoolExecutor(self.n_workers) as threads:
            return dict(zip(runs, threads.map(run, runs), strict=True))

    @contextlib.contextmanager
    def _worker(self, model: Model | Candidate, log: str = "") -> Iterator[Worker]:
        live = self._runnable(model)
        logs = self.datasets.settings.run / "workers" / "asking"
        logs.mkdir(parents=True, exist_ok=True)
        worker = Worker(live.job, logs / f"{_name(model)}{log}.log")
        try:
            yield worker
        finally:
            worker.close()

    def _runnable(self, model: Model | Candidate) -> RunnableModel:
        return prepare_candidate(model) if isinstance(model, Candidate) else self._prepared(model)

    def _prepared(self, model: Model) -> RunnableModel:
        settings = self.datasets.settings
        return prepare_model(model, self.device, settings, self.random_seed, self.announce_once)

    def _live(
        self, model: Model | Candidate, view: DatasetView, choice: Choice
    ) -> RunnableModel | None:
        """Prepare a model; return None where published predictions are used instead."""
        if isinstance(model, Candidate):
            if model.elements:
                numbers = {atomic_numbers[symbol] for symbol in model.elements}
                _require_coverage(model.name, numbers, view)
            return prepare_candidate(model)
        if choice == "published" and self.random_seed is None:
            return None
        try:
            _require_coverage(model.id, model.elements, view)
            return self._prepared(model)
        except Unavailable:
            elsewhere = view.parent in model.published
            if choice == "live" or self.random_seed is not None or not elsewhere:
                raise
            return None

    def announce_once(self, text: str) -> None:
        """Announce what is true of a model on every dataset, such as its licence, a single time."""
        if text not in self.announced:
            self.announced.add(text)
            self.announce(text)

    def _announce_program(self, name: str, live: RunnableModel) -> None:
        if live.runs_checkpoint:
            how = "without network" if can_leave_network() else "with network"
            self.announce_once(
                f"{name}: its checkpoint {live.job.checkpoint} is a program that loading it runs, "
                f"{how} and without a sandbox: load what you trust (docs/what-runs-code.md)"
            )

    def _published(self, model: Model, view: DatasetView, rows: IntArray) -> Predictions:
        whole = view.parent
        if whole not in model.published:
            raise Unavailable(f"{model.id} on {view.id}: no predictions are published")
        path = fetch(model.published[whole], self.datasets.settings)
        selection = self.datasets.datasets[whole].selection
        reference = self.datasets.view(whole).configurations
        everything = replace(
            published(
                path,
                reference,
                selection.first_row if selection else 0,
                self.datasets.settings.predictions,
            ),
            provenance="published",
            identity=published_identity(sha256_of(path), reference.digest),
        )
        return _of_view(
            everything.only(np.sort(view.rows_in_parent[rows]), reference.n_atoms), view
        )

    def _brought(self, candidate: Candidate, view: DatasetView, rows: IntArray) -> Predictions:
        whole = view.id if view.id in candidate.predictions else view.parent
        if whole not in candidate.predictions:
            raise Unavailable(
                f"{candidate.name} on {view.id}: predictions only, and none of this dataset: add "
                f"[predictions.{whole}] to the candidate's file"
            )
        reference = self.datasets.view(whole).configurations
        key = candidate.name, whole
        if key not in self._read:
            file = candidate.predictions[whole]
            path = candidate.folder / file.path
            predictions, note = read_brought(path, file, whole, reference)
            if note:
                add_notice(self.datasets.settings.run, f"{candidate.name}: {note}")
            identity = brought_identity(sha256_of(path), reference.digest)
            self._read[key] = replace(predictions, provenance="brought", identity=identity)
        own = np.arange(len(reference)) if whole == view.id else view.rows_in_parent
        predictions = self._read[key].only(np.sort(own[rows]), reference.n_atoms)
        return replace(predictions, rows=np.searchsorted(own, predictions.rows))

    def _computed(  # noqa: PLR0913 - as `of`
        self,
        name: str,
        live: RunnableModel,
        view: DatasetView,
        rows: IntArray,
        *,
        budget_s: float | None,
        atoms_per_batch: int | None,
    ) -> Predictions:
        settings = self.datasets.settings
        whole = self._whole(view)
        with_stress = whole.configurations.stresses is not None
        live = replace(live, job=replace(live.job, stress=with_stress))
        store = self._store(live, whole)
        self._announce_program(name, live)
        what = f"{name} on {view.id}"
        kept_in = store.folder if live.reusable else None
        try:
            with computing(settings.run, what, len(rows), kept_in):
                predictions = compute(
                    self._pool(live, store, whole),
                    store,
                    whole.configurations,
                    view.rows_in_parent[rows],
                    atoms_per_batch=atoms_per_batch or live.atoms_per_batch,
                    terminal=settings.terminal,
                    budget_s=budget_s,
                    share=self.share,
                    announce=lambda text: self.announce(f"{what}: {text}"),
                )
        except MeasurementError as error:
            raise MeasurementError(f"{what}: {error}") from error
        if self.share and store.unknown:
            raise MeasurementError(
                f"{name} on {view.id}: its predictions serve no other process: {store.unknown[0]}"
            )
        for reason in store.unknown:
            self.announce_once(f"{name}: its predictions are not reused by a later run: {reason}")
        provenance: Provenance = "live" if live.job.random_seed is None else "random"
        require_some_trained(f"{name} on {view.id}", predictions)
        known = replace(predictions, provenance=provenance, identity=store.whole_identity)
        return _of_view(known, view)

    def kept(self, model: Model | Candidate, view: DatasetView) -> NDArray[np.bool_]:
        """Return which rows of a view the model's stored predictions have, shape (n,).

        Raises
        ------
        Unavailable
            The model cannot run here.
        MeasurementError
            Its environment or checkpoint is wrong.
        InputError
            It is wrong, or its predictions serve the run alone that computes them.
        """
        live = self._live(model, view, "live")
        assert live is not None  # noqa: S101 - that is for published predictions
        if not live.reusable:
            raise InputError(
                f"{live.job.checkpoint or live.job.settings}: predictions are kept for other "
                "processes only if all that they depend on is known: give the candidate file a "
                'checkpoint, and name files in its arguments, "{checkpoint}" among them'
            )
        whole = self._whole(view)
        store = self._store(live, whole)
        store.resolve(worker_environment(), searched(live.job))
        return store.done(whole.configurations.n_atoms)[view.rows_in_parent]

    def _whole(self, view: DatasetView) -> DatasetView:
        return view if view.parent == view.id else self.datasets.view(view.parent)

    def _pool(self, live: RunnableModel, store: Store, whole: DatasetView) -> Pool | DaskPool:
        run = self.datasets.settings.run
        if self.cluster is not None:
            model = f"{run.name} {store.model_digest}"
            return self.cluster.pool(live.job, model, live.gib_per_worker)
        logs = run / "workers" / store.folder.name
        logs.mkdir(parents=True, exist_ok=True)
        return Pool(live.job, _gpus(live, whole, self.n_workers), logs)

    def _store(self, live: RunnableModel, whole: DatasetView) -> Store:
        settings = self.datasets.settings
        identity = live_identity(live, whole.configurations.digest, settings.run.name)
        folder = settings.predictions if live.reusable else settings.passing_predictions
        return Store(folder, identity)

    def _recalculated(self, name: str, view: DatasetView, rows: IntArray) -> Predictions:
        entry = self.datasets.datasets[view.id]
        if entry.subset is None or entry.subset.recalculation != name:
            raise Unavailable(f"{name} on {view.id}: it has no other DFT of these structures")
        whole = self.datasets.view(entry.subset.of).configurations
        _, others = matched_rows(entry, whole, self.datasets.settings)
        everything = Predictions(
            others.energies,
            others.forces,
            {},
            provenance="published",
            identity=published_identity(others.digest, whole.digest),
        )
        return everything.only(np.sort(rows), view.configurations.n_atoms)


def _name(model: Model | Candidate) -> str:
    return model.id if isinstance(model, Model) else model.name


def _gpus(live: RunnableModel, view: DatasetView, n_cores: int) -> list[str | None]:
    """Return the GPU of each worker: None on a CPU, where each core has a worker."""
    if live.job.device == "cpu":
        return [None] * n_cores
    return slots(
        visible_gpus(),
        workers_per_gpu=live.workers_per_gpu,
        gib_per_worker=live.gib_per_worker,
        n_cores=n_cores,
        n_batches=int(view.configurations.n_atoms.sum()) // live.atoms_per_batch + 1,
    )


def _of_view(predictions: Predictions, view: DatasetView) -> Predictions:
    """Return predictions of rows of the parent, numbered as the view numbers them."""
    return replace(predictions, rows=np.searchsorted(view.rows_in_parent, predictions.rows))


def _require_coverage(name: str, elements: AbstractSet[int], view: DatasetView) -> None:
    """Ask a model about its own elements only: of others it would refuse every configuration.

    Raises
    ------
    Unavailable
        It does not cover an element.
    """
    present = set(view.configurations.numbers.tolist())
    if foreign := sorted(present - elements):
        names = ", ".join(chemical_symbols[number] for number in foreign)
        none = "" if present & elements else ": it covers none of it"
        raise Unavailable(f"{name} on {view.id}: it does not cover {names}{none}")


def require_some_trained(what: str, predictions: Predictions) -> None:
    """Refuse a dataset of which a model, which was asked, covers nothing.

    Raises
    ------
    Unavailable
        It refused every configuration for its elements.
    """
    reasons = list(predictions.failures.values())
    if (
        reasons
        and len(reasons) == len(predictions)
        and all(UNTRAINED in reason for reason in reasons)
    ):
        raise Unavailable(f"{what}: it covers none of it: {reasons[0]}")
