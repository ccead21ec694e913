from tests.api.fixtures import db, standing_world, world

__all__ = ["db", "standing_world", "world"]
