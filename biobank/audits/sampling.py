"""Samples: how many tubes must be looked at, and which; anybody can draw the same ones again. Pure."""

import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from hashlib import sha256

from biobank.errors import Malformed
from biobank.texts import N_

_FINE = Decimal("0.000000001")

# --- rules ---


def zero_error_size(limit: Decimal, confidence: Decimal, population: int | None = None) -> int:
    """How many tubes without one error show, at that confidence, an error rate under a limit.

    `limit` and `confidence` are shares of 1: 0.01 and 0.95 make 299 tubes of an endless store. Of a store
    of `population` tubes they are fewer: with as many errors in it as the limit allows (the binomial's
    place is taken by the hypergeometric), a draw of that size misses all of them with at most
    1 - confidence. Refused: shares that are not between 0 and 1.
    """
    for field, share in (("limit", limit), ("confidence", confidence)):
        if not 0 < share < 1:
            raise Malformed("share_impossible", N_("Give a share between 0 and 1."), field=field)
    if population is None:
        return math.ceil(math.log(1 - confidence) / math.log(1 - limit))
    errors = min(population, max(1, math.ceil(limit * population)))
    return _first(lambda size: _missed(population, errors, size) <= 1 - Fraction(confidence), population)


def limit_shown(size: int, confidence: Decimal, population: int | None = None) -> Decimal:
    """Under which error rate a store is, as a share of 1, where a draw of that size shows no error.

    The other way round of `zero_error_size`: 299 tubes of an endless store show 0.01 at 0.95; of a store of
    `population` tubes it is the smallest number of errors in it that would show, as a share. 1 where
    nothing was drawn: that shows nothing. Holds for a draw by chance alone, not for one by risk.
    """
    if not 0 < confidence < 1:
        raise Malformed("share_impossible", N_("Give a share between 0 and 1."), field="confidence")
    if size <= 0:
        return Decimal(1)
    if population is None:
        return (1 - (1 - confidence) ** (1 / Decimal(size))).quantize(_FINE, ROUND_CEILING)
    most = max(1, population)
    errors = _first(lambda errors: _missed(most, errors, min(size, most)) <= 1 - Fraction(confidence), most)
    # Rounded down, so that so large a share of the store comes to no more than those errors.
    return (Decimal(errors) / most).quantize(_FINE, ROUND_FLOOR)


def share_size(share: Decimal, population: int) -> int:
    """How many tubes a share of a store comes to, at least one where there is any: a tenth of 81 is 9."""
    return min(population, math.ceil(share * population))


def draw(seed: str, codes: Iterable[str], size: int, weights: Mapping[str, float] | None = None) -> list[str]:
    """So many codes by chance, in the order drawn; the same seed and codes always draw the same ones.

    Each code has its lot, a fraction made of SHA-256 of the seed, a NUL and the code; the smallest lots are
    drawn. With weights (1 where none is told) a lot is the time until an event of that rate comes, so that
    one of twice the weight is drawn first twice as often (Efraimidis and Spirakis 2006). Keeps no more in
    memory than it draws.
    """
    told = weights or {}
    return draw_weighted(seed, ((code, told.get(code, 1.0)) for code in codes), size)


def draw_weighted(seed: str, codes: Iterable[tuple[str, float]], size: int) -> list[str]:
    """As `draw`, of codes that come with their weights."""
    lots = ((_lot(seed, code) / weight, code) for code, weight in codes)
    return [code for _, code in heapq.nsmallest(size, lots)]


# --- how ---


def _missed(population: int, errors: int, size: int) -> Fraction:
    """With which chance a draw of that size holds none of so many errors: exact, hypergeometric."""
    fewer, other = sorted((errors, size))
    sound = population - other
    return Fraction(math.perm(sound, fewer), math.perm(population, fewer))


def _first(shows: Callable[[int], bool], most: int) -> int:
    """The smallest number up to `most` that shows, where every larger one does; `most` where none does."""
    high = 1
    while high < most and not shows(high):
        high *= 2
    low, high = high // 2, min(high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high


def _lot(seed: str, code: str) -> float:
    """The time that a code waits, exponentially, from 53 bits of the hash: never 0 and never endless."""
    number = int.from_bytes(sha256(f"{seed}\0{code}".encode()).digest()[:8]) >> 11
    return -math.log((number + 1) / 2**53) if number + 1 < 2**53 else 2.0**-53
