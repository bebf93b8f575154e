"""All experiments there are: those of the modules in `experiments/`."""

import importlib
import pkgutil
from pathlib import Path

from tests.faults.experiment import Experiment

_FOLDER = Path(__file__).parent / "experiments"


def experiments() -> list[Experiment]:
    """List them, by module and then as they are defined."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(_FOLDER)]))
    modules = [importlib.import_module(f"tests.faults.experiments.{name}") for name in names]
    return [found for module in modules for found in vars(module).values() if isinstance(found, Experiment)]
