from tests.admin.site import full_world, manager, superuser, world

__all__ = ["full_world", "manager", "superuser", "world"]
