"""How often something may be done: a bucket of tokens that fills with time."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict


class Bucket:
    """Holds ``burst`` tokens at the most and gains ``per_second``; ``now`` is of the monotonic clock."""

    __slots__ = ("_at", "_burst", "_per_second", "_tokens")

    def __init__(self, per_second: float, burst: float, now: float | None = None) -> None:
        self._per_second, self._burst, self._tokens = per_second, burst, burst
        self._at = time.monotonic() if now is None else now

    def take(self, now: float | None = None) -> bool:
        """Take one token, if there is one."""
        self._fill(time.monotonic() if now is None else now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def is_full(self, now: float) -> bool:
        """Nothing was taken for so long that a new bucket would be the same."""
        self._fill(now)
        return self._tokens >= self._burst

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now


MOST_ADDRESSES = 10_000
"""Addresses remembered at once; beyond that the one that was quiet the longest is forgotten."""


class Addresses:
    """A bucket for each address that was heard of lately."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second, self._burst = per_second, burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, host: str, now: float | None = None) -> bool:
        """May this address do it once more?"""
        now = time.monotonic() if now is None else now
        address = block_of(host)
        bucket = self._buckets.get(address)
        if bucket is None:
            self._forget(now)
            bucket = self._buckets[address] = Bucket(self._per_second, self._burst, now)
        self._buckets.move_to_end(address)
        return bucket.take(now)

    def _forget(self, now: float) -> None:
        # In the order in which they were last heard of.
        while self._buckets:
            address, bucket = next(iter(self._buckets.items()))
            if len(self._buckets) < MOST_ADDRESSES and not bucket.is_full(now):
                return
            del self._buckets[address]


def block_of(host: str) -> str:
    """What counts as one address: a single one of IPv4, and of IPv6 the /64 that a household or office gets."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> 64:x}::/64"
