from tests.realtime.conftest import world

__all__ = ["world"]
