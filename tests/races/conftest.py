from tests.api.fixtures import clock

__all__ = ["clock"]
