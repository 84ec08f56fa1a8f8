"""Samples: how many tubes must be looked at, and which; anybody can draw the same ones again. Pure."""

import heapq
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from biobank.errors import Malformed
from biobank.texts import N_

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
    errors = max(1, math.ceil(limit * population))
    return _first_that_shows(population, errors, 1 - Fraction(confidence))


def draw(seed: str, codes: Iterable[str], size: int, weights: Mapping[str, float] | None = None) -> list[str]:
    """So many codes by chance, in the order drawn; the same seed and codes always draw the same ones.

    Each code has its lot, a fraction made of SHA-256 of the seed, a NUL and the code; the smallest lots are
    drawn. With weights (1 where none is told) a lot is the time until an event of that rate comes, so that
    one of twice the weight is drawn first twice as often (Efraimidis and Spirakis 2006). Keeps no more in
    memory than it draws.
    """
    lots = ((_lot(seed, code) / (weights or {}).get(code, 1.0), code) for code in codes)
    return [code for _, code in heapq.nsmallest(size, lots)]


# --- how ---


def _first_that_shows(population: int, errors: int, risk: Fraction) -> int:
    """The smallest draw that holds none of the errors with at most that risk."""
    sound, missed = population - errors, Fraction(1)
    for size in range(1, sound + 1):
        missed *= Fraction(sound - size + 1, population - size + 1)
        if missed <= risk:
            return size
    return population


def _lot(seed: str, code: str) -> float:
    """The time that a code waits, exponentially, from 53 bits of the hash: never 0 and never endless."""
    number = int.from_bytes(sha256(f"{seed}\0{code}".encode()).digest()[:8]) >> 11
    return -math.log((number + 1) / 2**53) if number + 1 < 2**53 else 2.0**-53
