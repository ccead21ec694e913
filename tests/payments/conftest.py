from tests.api.fixtures import clock, db, standing_world, world

__all__ = ["clock", "db", "standing_world", "world"]
