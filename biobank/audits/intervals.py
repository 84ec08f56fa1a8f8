"""Error rates: what a count of errors says of the store it was drawn from. Pure."""

import math
from functools import lru_cache

import msgspec

# --- words ---


class ErrorRate(msgspec.Struct, frozen=True):
    """Errors among what was looked at, and the rates between which the true one lies, as shares of 1."""

    errors: int
    looked_at: int
    low: float
    high: float
    confidence: float

    @property
    def rate(self) -> float:
        """The share that was found; 0 where nothing was looked at."""
        return self.errors / self.looked_at if self.looked_at else 0.0


# --- rules ---


@lru_cache(maxsize=10_000)  # of a thousand boxes most have no error, and as many slots as the others
def error_rate(errors: int, looked_at: int, confidence: float = 0.95) -> ErrorRate:
    """The exact two-sided binomial interval (Clopper and Pearson 1934), to 1e-9.

    Its ends are the rates at which so many errors or more, or so many or fewer, would come with a chance of
    half of what the confidence leaves. Where nothing was looked at it is all from 0 to 1.
    """
    risk = (1 - confidence) / 2
    low = _where(risk, errors, looked_at - errors + 1) if errors else 0.0
    high = _where(1 - risk, errors + 1, looked_at - errors) if errors < looked_at else 1.0
    return ErrorRate(errors, looked_at, low, high, confidence)


# --- how ---

_STEPS = 60
"""Halvings of 0 to 1: more than a float can tell apart."""


def _where(chance: float, a: int, b: int) -> float:
    """Where the beta distribution of a and b has that chance to its left, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _beta(middle, a, b) < chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta(x: float, a: int, b: int) -> float:
    """The regularised incomplete beta function I_x(a, b); source: DLMF 8.17.22, a continued fraction."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    if x == 0:
        return 0.0
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / a / _fraction(x, a, b)


def _fraction(x: float, a: int, b: int) -> float:
    """The continued fraction of the incomplete beta function, from its front (Lentz's way)."""
    value = upper = 1.0
    lower = 0.0
    for step in range(1, 10_000):
        half, odd = divmod(step, 2)
        if odd:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        lower = 1 / (1 + term * lower)
        upper = 1 + term / upper
        value *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            return value
    return value
