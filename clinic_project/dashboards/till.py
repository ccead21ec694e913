"""The cashier's page: one's own till opened, moved and closed, and the shifts before; plain forms of the API's serializers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from clinic_project.dashboards import access
from clinic_project.dashboards.amounts import decimal_point
from clinic_project.dashboards.manager.once import DoneBefore, new_token, once, token_of
from clinic_project.dashboards.place import clinic_page
from clinic_project.dashboards.refusals import REFUSALS, sentence_of
from clinics.exceptions import DomainError, InvalidInput
from clinics.models import Clinic, User
from clinics.permissions import ADMIN
from payments import actions
from payments.models import CashMovement, CashShift, LedgerEntry
from payments.serializers import (
    CashShiftDetailSerializer,
    CashShiftSerializer,
    CloseShiftSerializer,
    MoveCashSerializer,
    OpenShiftSerializer,
)

PER_PAGE = 20
PAPERS = ("a4", "80mm")

Errors = dict[str, Any]


def shifts_seen_by(user: User) -> QuerySet[CashShift]:
    """One's own at the desk; for an admin all of their clinics."""
    rows = CashShift.objects.filter(clinic__in=user.clinic_ids()).select_related("cashier", "closed_by", "clinic")
    return rows if user.effective_role == ADMIN else rows.filter(cashier=user)


def _whole(user: User, pk: int) -> CashShift:
    entries = LedgerEntry.objects.select_related("payment", "by").order_by("pk")
    found = shifts_seen_by(user).filter(pk=pk).prefetch_related(Prefetch("entries", entries), "movements__by").first()
    if found is None:
        raise Http404
    return found


@clinic_page(access.require_desk)
def till(request: HttpRequest, clinics: list[Clinic], clinic: Clinic) -> HttpResponseBase:
    """One's own till at a clinic, open or to be opened, and the list of shifts."""
    user = access.person(request)
    if request.method == "POST":
        typed = {"clinic": clinic.pk, **_typed(request, "opening_cash")}
        given = OpenShiftSerializer(data=typed, context={"request": request})
        outcome = _done(request, given, lambda: actions.open_shift(by=user, **given.validated_data), _("Your till is open."))
        if not outcome:
            return redirect(f"{reverse('till')}?clinic={clinic.pk}")
        return _shown(request, clinics, clinic, outcome)
    return _shown(request, clinics, clinic, {})


def _shown(request: HttpRequest, clinics: list[Clinic], clinic: Clinic, errors: Errors) -> HttpResponseBase:
    user = access.person(request)
    mine = shifts_seen_by(user).filter(clinic=clinic, cashier=user, closed_at=None).first()
    rows = shifts_seen_by(user).filter(clinic=clinic).order_by("-opened_at", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("p"))
    listed = CashShiftSerializer(list(page), many=True).data
    return render(
        request,
        "till/page.html",
        {
            **access.frame(request, clinics, clinic),
            "page": "till",
            "mine": _with_times(_whole(user, mine.pk)) if mine is not None else None,
            "shifts": [
                {"shift": shape, "opened": _local(shift.opened_at, clinic), "closed": _local(shift.closed_at, clinic)}
                for shape, shift in zip(listed, page, strict=True)
            ],
            "rows_page": page,
            **_form(request, errors),
        },
        status=_status(errors),
    )


@access.staff_page
def shift(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One shift: what is in it, and while it is open, cash that is moved and the count at the end."""
    user = access.person(request)
    access.require_desk(user)
    found = _whole(user, pk)
    errors: Errors = {}
    if request.method == "POST":
        errors = (_close if request.POST.get("do") == "close" else _move)(request, found)
        if not errors:
            return redirect("till-shift", pk=pk)
    return render(
        request,
        "till/shift.html",
        {
            **access.frame(request, [], found.clinic),
            "page": "till",
            **_with_times(found),
            "is_mine": found.cashier_id == user.pk,
            **_form(request, errors),
        },
        status=_status(errors),
    )


@access.staff_page
def slip(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A shift, to be printed on A4 or on a roll of 80 mm."""
    user = access.person(request)
    access.require_desk(user)
    found = _whole(user, pk)
    paper = request.GET.get("paper")
    return render(
        request,
        "till/slip.html",
        {
            **access.frame(request, [], found.clinic),
            **_with_times(found),
            "paper": paper if paper in PAPERS else "a4",
            "papers": [("a4", "A4"), ("80mm", "80 mm")],
            "printed_at": _local(timezone.now(), found.clinic),
        },
    )


def _move(request: HttpRequest, found: CashShift) -> Errors:
    given = MoveCashSerializer(data=_typed(request, "amount", "kind", "reason", "version"))
    return _done(
        request,
        given,
        lambda: actions.move_cash(found, by=access.person(request), **given.validated_data),
        _("The cash is noted."),
    )


def _close(request: HttpRequest, found: CashShift) -> Errors:
    given = CloseShiftSerializer(data=_typed(request, "counted_cash", "note", "version"))
    return _done(
        request,
        given,
        lambda: actions.close_shift(found, by=access.person(request), **given.validated_data),
        _("The till is closed."),
    )


def _typed(request: HttpRequest, *names: str) -> dict[str, Any]:
    """What was sent; a field that was left empty wasn't."""
    typed = {name: str(request.POST.get(name, "")).strip() for name in names}
    return {
        name: decimal_point(value) if name in ("amount", "opening_cash", "counted_cash") else value
        for name, value in typed.items()
        if value
    }


def _done(request: HttpRequest, given: Any, work: Callable[[], CashShift], said: str) -> Errors:
    """Do it once and say so; else what is wrong, by field."""
    if not given.is_valid():
        return dict(given.errors)
    try:
        once(access.person(request), token_of(request.POST), work)
    except DoneBefore:
        messages.info(request, _("This was saved already."))
    except InvalidInput as refusal:
        return refusal.errors
    except REFUSALS as refusal:
        return {"refusal": sentence_of(refusal), "status": refusal.status if isinstance(refusal, DomainError) else 503}
    else:
        messages.success(request, said)
    return {}


def _status(errors: Errors) -> int:
    return int(errors.get("status", 400)) if errors else 200


def _form(request: HttpRequest, errors: Errors) -> dict[str, Any]:
    return {
        "errors": errors,
        "given": request.POST if errors else {},
        # Of two forms on a page, whose error it is.
        "done": request.POST.get("do", "") if errors else "",
        "token": new_token(),
        "kinds": [(value, capfirst(str(label))) for value, label in CashMovement.Kind.choices],
    }


def _local(moment: Any, clinic: Clinic) -> Any:
    """By the clinic's clock, and without its zone, or the template would turn it into the server's."""
    return timezone.make_naive(moment, clinic.zone) if moment is not None else None


def _with_times(found: CashShift) -> dict[str, Any]:
    shape = CashShiftDetailSerializer(found).data
    methods = dict(LedgerEntry.Method.choices)
    return {
        "clinic": found.clinic,
        "shift": shape,
        "cashier": found.cashier.name,
        "opened": _local(found.opened_at, found.clinic),
        "as_of": _local(timezone.now(), found.clinic),
        "closed": _local(found.closed_at, found.clinic),
        "methods": [(capfirst(str(methods[name])), sums) for name, sums in shape["by_method"].items() if sums["rows"]],
        "cash": shape["by_method"]["cash"],
        "rows": [{**row, "method_label": capfirst(str(methods[row["method"]]))} for row in shape["rows"]],
        "movements": [
            {**row, "label": capfirst(str(movement.get_kind_display())), "time": _local(movement.at, found.clinic)}
            for row, movement in zip(shape["movements"], found.movements.all(), strict=True)
        ],
    }
