from tests.kept import kept_world, world

__all__ = ["kept_world", "world"]
