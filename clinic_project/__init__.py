"""The project package. Every entry point imports it first, which is why the search path of `queue` is set here.

Our app folder `queue` has the name of a standard library module. It has no ``__init__.py``, so ``import queue`` stays the
standard library's everywhere; this line only makes our submodules (``queue.models``, …) reachable beside it. ADR 1 says why.
"""

from pathlib import Path

import queue

__version__ = "0.1.0"

queue.__path__ = [str(Path(__file__).resolve().parent.parent / "queue")]
