"""Times as people read them: on the clock of their site, with its offset."""

from datetime import UTC, date, datetime, timedelta, timezone

from biobank import storage
from biobank.pages.words import moment
from tests.pages.visitor import Visitor
from tests.world import World


def test_a_time_is_told_on_the_clock_of_the_site() -> None:
    when = datetime(2026, 11, 21, 13, 22, 59, tzinfo=UTC)
    assert moment(when, "Asia/Shanghai") == "2026-11-21 21:22 +08:00"
    assert moment(when, "America/St_Johns") == "2026-11-21 09:52 -03:30"
    assert moment(when, "UTC") == moment(when) == "2026-11-21 13:22 +00:00"


def test_without_a_zone_a_time_keeps_its_offset_and_a_day_stays_a_day() -> None:
    told = datetime(2026, 7, 1, 8, 0, tzinfo=timezone(timedelta(hours=9)))
    assert moment(told) == "2026-07-01 08:00 +09:00"
    assert moment(date(2026, 7, 1), "Asia/Shanghai") == "2026-07-01"
    assert moment(None) == ""


def test_home_card_and_bench_tell_times_on_the_clock_of_the_site(world: World, visitor: Visitor) -> None:
    tube = world.tubes(1)[0]
    world.put(world.boxes()[0], [tube])
    order = storage.TakeOut(tubes=[tube])
    world.act(lambda session, actor: storage.take_out(session, actor, order), answer=list[storage.Stored])
    for page in (visitor.get("/").text, visitor.get(f"/specimens/{tube}").text, visitor.scan(tube)):
        assert "+08:00" in page
        assert "+00:00</" not in page
        assert " UTC" not in page
