"""All experiments, in the order of the table."""

from tests.faults.experiments import outages, order, crowds, rights, restore  # noqa: F401, I001 (each adds its rows, in this order)
from tests.faults.experiments.table import TABLE

__all__ = ["TABLE"]
