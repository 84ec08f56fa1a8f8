"""People, sites and tokens over HTTP: secrets are shown once and kept nowhere."""

import hashlib
import json
from uuid import uuid4

from sqlalchemy import select
from sqlmodel import SQLModel
from sqlmodel import select as sqlmodel_select

from biobank import web
from biobank.tables import Command
from tests.api.program import V1, Program, rows
from tests.world import MANAGER, OUTSIDER, PASSWORD, SECRETS, TECHNICIAN, World


def kept(world: World) -> str:
    """Everything that the database holds, as text."""
    return world.database.read(
        lambda session: "".join(
            repr(row)
            for table in SQLModel.metadata.sorted_tables
            for row in session.connection().execute(select(table))
        )
    )


def test_a_site_is_added_once_and_by_an_administrator_alone(program: Program) -> None:
    order = {"code": "SH", "name": "Shanghai", "time_zone": "Asia/Shanghai"}
    before = rows(program.world)
    assert program.post("/sites", order).json()["title"] == "not_allowed"
    assert rows(program.world) == before
    assert program.made("/sites", order, person=MANAGER) == order
    assert [site["code"] for site in program.told("/sites", person=MANAGER)] == ["BJ", "NT", "SH"]
    assert [site["code"] for site in program.told("/sites")] == ["BJ"]
    assert program.post("/sites", order, person=MANAGER).json()["title"] == "site_exists"
    lost = program.post("/sites", {**order, "code": "XX", "time_zone": "Mars/Base"}, person=MANAGER)
    assert (lost.status_code, lost.json()["field"]) == (422, "time_zone")


def test_a_person_gets_a_link_that_is_shown_once_and_kept_nowhere(program: Program) -> None:
    key = uuid4()
    order = {"name": "li.wei", "role": "technician", "site": "BJ"}
    answer = program.post("/people", order, person=MANAGER, key=key)
    assert answer.status_code == 201
    link = answer.json()["link"]
    assert link.startswith(web.FIRST_LINK)
    assert link.removeprefix(web.FIRST_LINK) not in kept(program.world)
    again = program.post("/people", order, person=MANAGER, key=key)
    assert (again.status_code, again.json()["title"]) == (409, "secret_shown_once")
    people = {row["name"]: row["roles"] for row in program.told("/people", person=MANAGER)}
    assert people["li.wei"] == ["technician @ BJ"]
    assert program.get("/people").json()["title"] == "not_allowed"
    assert program.world.unproved() == []


def test_who_forgot_the_password_gets_a_new_link_and_is_signed_out(program: Program) -> None:
    key, order = uuid4(), {"name": TECHNICIAN}
    assert program.post("/person-links", order).json()["title"] == "not_allowed"
    answer = program.post("/person-links", order, person=MANAGER, key=key)
    assert (answer.status_code, answer.json()["name"]) == (201, TECHNICIAN)
    link = answer.json()["link"]
    assert link.startswith(web.FIRST_LINK)
    assert link.removeprefix(web.FIRST_LINK) not in kept(program.world)
    again = program.post("/person-links", order, person=MANAGER, key=key)
    assert (again.status_code, again.json()["title"]) == (409, "secret_shown_once")
    assert program.get("/me").json()["title"] == "not_signed_in"
    own = program.post("/person-links", {"name": MANAGER}, person=MANAGER)
    assert (own.status_code, own.json()["title"]) == (422, "link_own")
    assert program.world.unproved() == []


def test_a_token_acts_with_its_owners_rights_needs_no_page_and_cannot_make_tokens_or_sign(
    program: Program,
) -> None:
    key = uuid4()
    answer = program.post("/tokens", {"name": "robot", "days": 7}, key=key)
    assert answer.status_code == 201
    secret = answer.json()["secret"]
    assert secret not in kept(program.world)
    again = program.post("/tokens", {"name": "robot", "days": 7}, key=key)
    assert (again.status_code, again.json()["title"]) == (409, "secret_shown_once")
    assert secret not in again.text

    tube = program.world.tubes(1)[0]
    bearer = {"Authorization": f"Bearer {secret}"}
    order = {"box": program.world.boxes()[0], "tubes": [tube]}
    moved = program.client.post(
        f"{V1}/moves", json=order, headers={**bearer, "Idempotency-Key": str(uuid4())}
    )
    assert (moved.status_code, moved.json()[0]["slot"]) == (200, "A1")
    for path, refused, title in (
        ("/tokens", {"name": "another"}, "token_from_token"),
        ("/sites", {"code": "SH", "name": "Shanghai"}, "not_allowed"),
        ("/signatures", {"entry": "00" * 32, "meaning": "reviewed", "password": "x"}, "cannot_sign"),
    ):
        headers = {**bearer, "Idempotency-Key": str(uuid4())}
        assert program.client.post(V1 + path, json=refused, headers=headers).json()["title"] == title
    wrong = program.client.get(f"{V1}/find?code={tube}", headers={"Authorization": f"Bearer {secret}x"})
    assert (wrong.status_code, wrong.json()["title"]) == (401, "not_signed_in")
    assert program.world.unproved() == []


def test_the_kept_fingerprint_of_a_signature_lets_nobody_try_passwords(program: Program) -> None:
    tube = program.world.tubes(1)[0]
    entry = program.told(f"/specimens/{tube}/history")[0]["leaf_hash"]
    box = program.world.boxes()[0]
    guesses = {}
    for path, order in (
        ("/signatures", {"entry": entry, "meaning": "approved", "password": PASSWORD}),
        ("/moves", {"box": box, "tubes": [tube]}),
    ):
        sent = json.dumps(order).encode()
        assert program.post(path, content=sent, person=MANAGER).status_code in (200, 201)
        guesses[path] = hashlib.sha256(f"POST {V1}{path}\n".encode() + sent).digest()
    found = program.world.database.read(
        lambda session: set(session.exec(sqlmodel_select(Command.fingerprint)))
    )
    assert guesses["/moves"] in found  # the control: without a key, the bytes sent give what is kept
    assert guesses["/signatures"] not in found


def test_a_bearer_token_that_is_wrong_is_not_made_up_for_by_a_cookie(sqlite_program: Program) -> None:
    headers = {"Authorization": "Bearer nonsense", "Cookie": f'{web.COOKIE}="{SECRETS[TECHNICIAN]}"'}
    assert sqlite_program.client.get(f"{V1}/sites", headers=headers).status_code == 401


def test_a_token_is_seen_by_its_owner_and_an_administrator_and_ended_by_either(program: Program) -> None:
    one, two = (program.made("/tokens", {"name": name, "days": 9}) for name in ("reports", "robot"))
    assert [each["name"] for each in program.told("/tokens")] == ["robot", "reports"]
    assert program.told("/tokens", person=OUTSIDER) == []
    assert program.get("/tokens", every="true").status_code == 403
    assert {each["person"] for each in program.told("/tokens", person=MANAGER, every="true")} == {TECHNICIAN}
    order = {"token": one["id"]}
    refused = program.post("/token-ends", order, person=OUTSIDER)
    assert (refused.status_code, refused.json()["title"]) == (404, "token_not_found")
    ended = program.made("/token-ends", order)
    assert program.made("/token-ends", order)["ended_at"] == ended["ended_at"]
    program.made("/token-ends", {"token": two["id"]}, person=MANAGER)
    assert program.told("/tokens") == []
    bearer = {"Authorization": f"Bearer {two['secret']}"}
    assert program.client.get("/api/v1/me", headers=bearer).status_code == 401
    assert program.world.unproved() == []


def test_anybody_may_know_who_they_are(sqlite_program: Program) -> None:
    told = sqlite_program.told("/me")
    assert (told["name"], told["roles"], told["pin"]) == (TECHNICIAN, ["technician @ BJ"], False)
    pin = {"pin": "4071", "again": "4071", "password": PASSWORD}
    assert sqlite_program.post("/pins", pin | {"password": "another"}).status_code == 403
    assert sqlite_program.made("/pins", pin) == {"name": TECHNICIAN}
    assert sqlite_program.told("/me")["pin"]
    assert sqlite_program.world.unproved() == []
