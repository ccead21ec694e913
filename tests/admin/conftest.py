from tests.admin.site import manager, standing_world, superuser
from tests.api.fixtures import db, world

__all__ = ["db", "manager", "standing_world", "superuser", "world"]
