"""Start a worker: the script that a model's interpreter runs, with a socket to connect to.

The worker package is loaded by this file's location and the folder that it is in is no place for
modules: everything else is imported from where the model's environment has it.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parent


class NothingElse:
    """Finder that refuses the rest of `umlip_gate`, which an editable install would offer."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Leave what is no part of `umlip_gate`, or of its worker, to the next finder."""
        if name.startswith("umlip_gate.") and not name.startswith("umlip_gate.worker."):
            raise ModuleNotFoundError(f"a worker has only umlip_gate.worker, no {name}", name=name)


def load_package() -> None:
    """Make `umlip_gate.worker` importable, and nothing else of `umlip_gate`."""
    parent = ModuleType("umlip_gate")
    parent.__path__ = []
    spec = importlib.util.spec_from_file_location(
        "umlip_gate.worker", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{FOLDER} is no package")
    package = importlib.util.module_from_spec(spec)
    sys.modules["umlip_gate"], sys.modules["umlip_gate.worker"] = parent, package
    sys.meta_path.insert(0, NothingElse)
    spec.loader.exec_module(package)


if __name__ == "__main__":
    if sys.path and sys.path[0] and Path(sys.path[0]).resolve() == FOLDER:
        sys.path.pop(0)
    load_package()
    from umlip_gate.worker.dependencies import Dependencies

    dependencies = Dependencies()
    dependencies.watch()
    from umlip_gate.worker import server

    server.main(sys.argv[1], dependencies)
