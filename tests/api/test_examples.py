"""The examples of the API are true: each order is one that is read, each answer one that is given."""

from collections.abc import Iterator
from typing import Any, get_origin

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from biobank import api, inputs
from biobank.api.examples import Example, examples
from biobank.errors import Refusal
from biobank.inputs import Input


def handlers() -> Iterator[HTTPRouteHandler]:
    for route in api.routes().routes:
        yield from getattr(route, "route_handlers", ())


HANDLERS = {each.handler_name: each for each in handlers()}


def taken(handler: HTTPRouteHandler) -> Any:
    field = handler.parsed_fn_signature.parameters.get("data")
    return field.annotation if field else None


def answered(handler: HTTPRouteHandler) -> Any:
    """The type of what it answers in JSON, None where that is a file."""
    told = handler.parsed_fn_signature.return_type.annotation
    return None if "Response" in str(get_origin(told) or told) else told


def names(value: Any, at: str = "") -> set[str]:
    """The fields of a JSON value, with those below."""
    if isinstance(value, dict):
        return {f"{at}.{name}" for name in value}.union(*(names(v, f"{at}.{n}") for n, v in value.items()))
    if isinstance(value, list):
        return set().union(*(names(each, at) for each in value))
    return set()


def require_true(handler: HTTPRouteHandler, example: Example) -> None:
    """Fails where an order is refused for its shape, or an answer is not of the type that is answered."""
    wanted, told = taken(handler), answered(handler)
    if wanted is not None:
        assert example.order is not None
        if isinstance(wanted, type) and issubclass(wanted, Input):
            inputs.read(wanted, example.order)
        else:
            msgspec.convert(example.order, wanted)
    if told is not None:
        assert example.answer is not None
        read = msgspec.convert(example.answer, told)
        assert names(example.answer) <= names(msgspec.json.decode(msgspec.json.encode(read)))


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_an_operation_has_a_true_example(name: str) -> None:
    require_true(HANDLERS[name], examples().get(name, Example()))


def test_no_example_is_of_an_operation_that_is_gone() -> None:
    assert set(examples()) <= set(HANDLERS)


def test_an_example_that_is_not_true_is_found() -> None:
    true = examples()["move"]
    orders: list[Any] = [{**true.order, "boxes": 1}, {"tubes": []}, None]
    for order in orders:
        with pytest.raises((AssertionError, Refusal)):
            require_true(HANDLERS["move"], msgspec.structs.replace(true, order=order))
    for answer in ([{**true.answer[0], "colour": "red"}], [{"code": 1}], None):
        with pytest.raises((AssertionError, msgspec.ValidationError)):
            require_true(HANDLERS["move"], msgspec.structs.replace(true, answer=answer))


def test_no_example_tells_a_secret() -> None:
    def values(value: Any) -> Iterator[tuple[str, Any]]:
        for name, inner in value.items() if isinstance(value, dict) else ():
            yield name, inner
            yield from values(inner)

    told = {
        (name, value)
        for example in examples().values()
        for name, value in (*values(example.order), *values(example.answer))
        if name in ("secret", "password", "pin", "link") and isinstance(value, str)
    }
    assert told
    assert all("shown" in value or value.startswith("the ") for _, value in told), told
