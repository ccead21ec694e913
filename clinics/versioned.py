"""The base of every entity that screens show: a version that rises with each save, and no way to write past it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import nullcontext
from typing import Any, NoReturn, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from clinics.commands import command, current_command
from clinics.exceptions import StaleVersion
from clinics.guards import Guard

T = TypeVar("T", bound=models.Model)


class WatchedQuerySet(models.QuerySet[T]):
    """Refuses bulk writes: they send no ``post_save``, so no screen would ever hear of them."""

    def _refuse(self, verb: str) -> NoReturn:
        raise TypeError(f"{self.model.__name__}.objects.{verb}() sends no signal; save each object by an action instead.")

    def update(self, **kwargs: Any) -> NoReturn:
        self._refuse("update")

    def bulk_create(self, objs: Iterable[T], *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("bulk_create")

    def bulk_update(self, objs: Iterable[T], *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("bulk_update")

    def delete(self) -> NoReturn:
        self._refuse("delete")


class Versioned(models.Model):
    """An entity with ``version``: 1 when created, raised by one with each save.

    A save is a command of its own unless one is running (clinics.commands); then whoever catches what it raises, and goes on,
    wraps it in ``command()``, as with any error in a transaction. It writes only over the version that was read:
    if somebody else has saved meanwhile it raises ``StaleVersion`` and changes nothing, so no update is ever lost.
    """

    version = models.PositiveIntegerField(default=0, editable=False)

    guard = Guard.NEVER_DELETED

    objects = WatchedQuerySet.as_manager()

    class Meta:
        abstract = True

    _loaded: dict[str, Any]
    _saving = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._loaded = {}

    def save(
        self,
        *,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Write the object and raise its version; raises ``StaleVersion`` if it was changed by someone else."""
        held = self.version
        self.version = held + 1
        names = None if update_fields is None else {*update_fields, "version"}
        self._saving = True
        try:
            with command() if current_command() is None else nullcontext():
                super().save(
                    force_insert=force_insert,
                    force_update=force_update or (names is None and not self._state.adding),
                    using=using,
                    update_fields=names,
                )
        except BaseException:
            self.version = held
            raise
        finally:
            self._saving = False
        self._remember(names)

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any) -> Versioned:
        instance = super().from_db(db, field_names, values, **kwargs)
        instance._remember()
        return instance

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def _remember(self, names: Collection[str] | None = None) -> None:
        for field in self._meta.concrete_fields:
            if field.attname in self.__dict__ and (names is None or field.name in names or field.attname in names):
                self._loaded[field.attname] = self.__dict__[field.attname]

    def changes(self, names: Collection[str] | None = None) -> dict[str, tuple[Any, Any]]:
        """The fields (of ``names``, if given) that differ from what was read: ``{attname: (before, now)}``."""
        return {
            field.attname: (self._loaded.get(field.attname), self.__dict__[field.attname])
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__
            and (names is None or field.name in names or field.attname in names)
            and (field.attname not in self._loaded or self._loaded[field.attname] != self.__dict__[field.attname])
        }

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
        # Django calls this hook for the UPDATE alone, so the version guards exactly the row that is written.
        # loaddata comes past save(), to put rows back as they were.
        guarded = base_qs.filter(version=self.version - 1) if self._saving else base_qs
        updated = super()._do_update(guarded, using, pk_val, values, *args, **kwargs)
        if updated or not self._saving:
            return updated
        current = type(self)._base_manager.filter(pk=pk_val).first()
        raise StaleVersion(
            _("This was changed by someone else meanwhile: %(what)s. Look at it again, then repeat.")
            % {"what": self._meta.verbose_name},
            current=current,
        )

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Always refused: what has a history is cancelled, merged or deactivated (contract/api.md, section 5)."""
        raise TypeError(f"{self._meta.verbose_name} is never deleted; deactivate or cancel it.")
