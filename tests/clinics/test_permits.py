"""A permit to overwrite histories is the transaction's that made it, and nobody else's: alone here, since it has to try to commit."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from clinics.models import ErasurePermit


def test_a_permit_to_erase_ends_with_its_transaction(transactional_db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ErasurePermit.objects.create()
    assert not ErasurePermit.objects.exists()
