"""What docs/audits.md tells outsiders to recompute: its scripts are run as they stand there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from biobank import audits
from biobank.audits import AuditSignature
from biobank.audits.sampling import draw
from biobank.custody import prove_password
from biobank.tables import Audit
from tests.audits.auditing import begun, counted, lines
from tests.world import MANAGER, PASSWORD, World

PAGE = Path(__file__).parents[1] / "docs" / "audits.md"


def script(name: str) -> Callable[..., Any]:
    """A function of the page, made by nothing but what stands there."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (block,) = (block for block in blocks if f"def {name}(" in block)
    found: dict[str, Any] = {}
    exec(compile(block, str(PAGE), "exec"), found)  # noqa: S102 - our own page
    made: Callable[..., Any] = found[name]
    return made


@pytest.mark.parametrize("seed", ["", "seed", "\u79cd\u5b50"])
def test_an_outsider_draws_the_same_tubes_in_the_same_order(seed: str) -> None:
    codes = [f"S{number:05}" for number in range(2_000)]
    assert script("drawn")(seed, codes, 299) == draw(seed, codes, 299)
    assert script("drawn")(seed + "x", codes, 299) != draw(seed, codes, 299)


def test_an_outsider_recomputes_the_sample_and_the_result_of_an_audit(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, box = world.tubes(12), world.boxes()[0]
    world.put(box, tubes)
    key = begun(world, container=box, method="sample", share="25")
    audit: Audit = world.ask(lambda s, a: audits.by_id(s, a, key), MANAGER)
    looked_at = {code for line, code in lines(world, key) if line.in_snapshot}
    assert set(script("drawn")(audit.seed, tubes, 3)) == looked_at
    scans = [(f"A{place}", code) for place, code in enumerate(tubes[:9], 1) if code in looked_at]
    scans += [(f"B{place}", code) for place, code in enumerate(tubes[9:], 1) if code in looked_at]
    counted(world, key, box, *scans)
    order = AuditSignature(audit=key, password=PASSWORD)
    proved = world.door(MANAGER).prove(lambda s, a: prove_password(s, a, order))
    world.act(lambda s, a: audits.perform(s, a, order, proved), person=MANAGER)
    signed: Audit = world.ask(lambda s, a: audits.by_id(s, a, key), MANAGER)
    file = str(world.database.writing.url.database)
    assert script("result")(file, str(key)) == signed.result_sha256
    assert len(signed.result_sha256) == 64
    assert world.unproved() == []
