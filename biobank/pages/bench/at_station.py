"""What the browser of an enrolled bench keeps: the secret that tells which it is, and the station's ways."""

from typing import Any

from litestar import Request, Response

from biobank.stations import StationRow

A_YEAR = 365 * 24 * 3600
COOKIE, SECURE_COOKIE = "biobank-station", "__Host-biobank-station"
WAYS = "station-ways"
"""Read by our scripts: `5-35-100` is minutes until it locks, median and largest gap of its scanner in ms."""

Asked = Request[Any, Any, Any]


def secret(request: Asked) -> str:
    """What this browser shows of being a station; empty where it is none."""
    return request.cookies.get(_name(request), "")


def keep_secret(request: Asked, answer: Response[Any], secret: str) -> None:
    """Let this browser be the station of that secret."""
    _keep(request, answer, _name(request), secret, hidden=True)


def keep_ways(request: Asked, answer: Response[Any], station: StationRow) -> None:
    """Let this browser work as its station does; its theme too, where the station has one."""
    ways = f"{station.idle_minutes}-{station.median_gap_ms}-{station.largest_gap_ms}"
    _keep(request, answer, WAYS, ways)
    if station.theme:
        _keep(request, answer, "theme", station.theme)
    shown = secret(request)
    if shown:
        keep_secret(request, answer, shown)  # browsers forget a cookie after a year: this is another one


def _name(request: Asked) -> str:
    return SECURE_COOKIE if request.app.state.secure else COOKIE


def _keep(request: Asked, answer: Response[Any], name: str, value: str, *, hidden: bool = False) -> None:
    answer.set_cookie(
        name,
        value,
        path="/",
        max_age=A_YEAR,
        httponly=hidden,
        samesite="strict" if hidden else "lax",
        secure=request.app.state.secure,
    )
