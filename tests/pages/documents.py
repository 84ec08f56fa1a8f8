"""A page as it is read without a browser: its links, its forms as a button sends them, its faults."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_FIELDS = ("input", "select", "textarea")
_UNNAMED = {"hidden", "submit", "button", "reset", "image"}
_REFERS = {"for", "form", "aria-describedby", "aria-labelledby", "popovertarget", "commandfor", "list"}
_LEADING = {"href", "src", "hx-get", "data"}
_SAYING = {"title", "aria-label", "placeholder", "alt"}
_RAW = re.compile(r"%\(\w+\)|\{\{|\}\}|\{%|<built-in|object at 0x|&lt;(?:b|span|a) ")
"""What stands in a page only where a text was not filled in."""

Sent = tuple[tuple[str, str], ...]
"""The fields of a form as they are sent, in their order."""


@dataclass
class Node:
    """An element with what is in it."""

    tag: str
    told: dict[str, str]
    parent: "Node | None" = None
    inside: "list[Node | str]" = field(default_factory=list)

    def all(self) -> "Iterator[Node]":
        """Every element below, without what only a script would bring into the page."""
        for each in self.inside:
            if isinstance(each, Node) and each.tag != "template":
                yield each
                yield from each.all()

    def above(self) -> "Iterator[Node]":
        """The elements around it, the nearest first."""
        around = self.parent
        while around:
            yield around
            around = around.parent

    @property
    def text(self) -> str:
        """Its words."""
        parts = [each if isinstance(each, str) else each.text for each in self.inside]
        return " ".join(" ".join(parts).split())

    def __getitem__(self, name: str) -> str:
        return self.told.get(name, "")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Node(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.inside.append(made)
        if tag not in _VOID:
            self.at = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.inside.append(Node(tag, {name: value or "" for name, value in attrs}, self.at))

    def handle_endtag(self, tag: str) -> None:
        opened = next((each for each in (self.at, *self.at.above()) if each.tag == tag), None)
        if opened and opened.parent:
            self.at = opened.parent

    def handle_data(self, data: str) -> None:
        if self.at.tag not in {"script", "style"}:
            self.at.inside.append(data)


@dataclass(frozen=True)
class Sending:
    """What one button of a form sends, and where to."""

    method: str
    action: str
    sent: Sent
    button: str
    required: frozenset[str] = frozenset()
    """Names of fields that must be filled and are empty."""
    by_script: bool = False
    """Whether a script sends it where one runs."""


class Document:
    """A page, or a part of one."""

    def __init__(self, html: str) -> None:
        reader = _Reader()
        reader.feed(html)
        self.nodes = list(reader.root.all())
        self.ids = {node["id"]: node for node in self.nodes if node["id"]}

    def of(self, *tags: str) -> Iterator[Node]:
        """The elements of these names."""
        return (node for node in self.nodes if node.tag in tags)

    @property
    def title(self) -> str:
        """Its title."""
        return next((node.text for node in self.of("title")), "")

    @property
    def is_whole(self) -> bool:
        """Whether it is a page and not a part of one."""
        return any(self.of("html"))

    @property
    def _is_signed_in(self) -> bool:
        return any(node["content"] for node in self.of("meta") if node["name"] == "csrf-token")

    # --- where it leads ---

    def links(self) -> Iterator[str]:
        """Every address that a press, or the drawing of the page itself, asks for."""
        for node in self.nodes:
            if _is_hidden(node):
                continue
            for name in _LEADING & node.told.keys():
                value = node.told[name]
                if value.startswith(("/", "?", "#")) and node.tag != "use":
                    yield value

    def sendings(self) -> Iterator[Sending]:
        """Each form by each of its buttons, with the values that stand in it."""
        for form in self.of("form"):
            fields = [node for node in self.of(*_FIELDS, "button") if self._owner(node) is form]
            values = [pair for node in fields for pair in _values(node)]
            wanted = frozenset(
                node["name"]
                for node in fields
                if "required" in node.told and not any(value for _, value in _values(node))
            )
            buttons = [node for node in fields if _submits(node)] or [form]
            for button in buttons:
                extra = [(button["name"], button["value"])] if button["name"] and button is not form else []
                yield Sending(
                    method=(button["formmethod"] or form["method"] or "get").lower(),
                    action=button["formaction"] or form["action"],
                    sent=tuple(values + extra),
                    button=button.text if button is not form else "",
                    required=wanted,
                    by_script="hx-post" in form.told or "data-command" in form.told,
                )

    def _owner(self, node: Node) -> Node | None:
        if "form" in node.told:
            return self.ids.get(node["form"])
        return next((each for each in node.above() if each.tag == "form"), None)

    # --- what is wrong with it ---

    def faults(self) -> Iterator[str]:
        """What is wrong with it, whoever reads it."""
        for name, count in Counter(node["id"] for node in self.nodes if "id" in node.told).items():
            if count > 1 or not name:
                yield f"id {name!r} stands {count} times"
        yield from self._bad_links()
        yield from self._bad_fields()
        yield from self._bad_forms()
        yield from self._bad_words()
        if self.is_whole:
            yield from self._bad_references()
            yield from self._no_way_on()

    def _bad_links(self) -> Iterator[str]:
        for node in self.of("a"):
            to = node["href"]
            if not to or to == "#":
                yield f"a link to nothing: {node.text!r}"
            elif to.startswith("#") and to[1:] not in self.ids:
                yield f"a link to no part of the page: {to}"
            if not _is_named(node):
                yield f"a link without words: {to}"

    def _bad_references(self) -> Iterator[str]:
        for node in self.nodes:
            names = _REFERS & node.told.keys()
            # A dialog that is filled when it opens gets its heading then.
            if not names or (node.tag == "dialog" and not node.text):
                continue
            for name in names:
                if lost := [each for each in node[name].split() if each not in self.ids]:
                    yield f"{name}={lost[0]!r} names no part of the page"

    def _bad_fields(self) -> Iterator[str]:
        labelled = {node["for"] for node in self.of("label")}
        for node in self.of(*_FIELDS):
            around = any(each.tag == "label" and each.text for each in node.above())
            if node["type"] not in _UNNAMED and not (around or node["id"] in labelled or _is_named(node)):
                yield f"a field without a label: {node.tag} {node['name']!r} {node['id']!r}"
        for node in self.of("button"):
            if not _is_named(node):
                yield f"a button without words: {node.told}"

    def _bad_forms(self) -> Iterator[str]:
        acting = [form for form in self.of("form") if form["method"].lower() == "post"]
        for form in acting:
            inside = {node["name"] for node in self.of("input") if self._owner(node) is form}
            if "csrf" not in inside and self._is_signed_in:
                yield f"a form without the page's token: {form['action']}"
            if not form["action"]:
                yield "a form that says not where it goes"

    def _bad_words(self) -> Iterator[str]:
        for node in self.nodes:
            if node.tag in {"script", "style", "pre", "code", "textarea"}:
                continue
            said = [each for each in node.inside if isinstance(each, str)]
            said += [node.told[name] for name in _SAYING & node.told.keys()]
            for words in said:
                if _RAW.search(words) or words.strip() in {"None", "nan", "[]", "{}"}:
                    yield f"words that were not filled in: {words.strip()!r}"

    def _no_way_on(self) -> Iterator[str]:
        if not self.title.split("·")[0].strip():
            yield "no title"
        if sum(1 for _ in self.of("h1")) != 1:
            yield f"{sum(1 for _ in self.of('h1'))} main headings"
        ways = [
            node for node in self.of("a") if node["href"].startswith("/") and "language" not in node["href"]
        ]
        if not ways and not any(form["action"] for form in self.of("form")):
            yield "no way on from here"


def _is_hidden(node: Node) -> bool:
    """Whether only a script would show it."""
    return any("hidden" in each.told for each in (node, *node.above()))


def _submits(node: Node) -> bool:
    if "disabled" in node.told:
        return False
    return (node.tag == "button" and node["type"] in {"", "submit"}) or (
        node.tag == "input" and node["type"] in {"submit", "image"}
    )


def _values(node: Node) -> list[tuple[str, str]]:
    """What a field sends as it stands."""
    if not node["name"] or "disabled" in node.told or node.tag == "button":
        return []
    if any(each.tag == "fieldset" and "disabled" in each.told for each in node.above()):
        return []
    if node.tag == "textarea":
        return [(node["name"], "".join(each for each in node.inside if isinstance(each, str)))]
    if node.tag == "select":
        options = [each for each in node.all() if each.tag == "option" and "disabled" not in each.told]
        chosen = [each for each in options if "selected" in each.told] or (
            options[:1] if "multiple" not in node.told else []
        )
        return [(node["name"], each.told.get("value", each.text)) for each in chosen]
    if node["type"] in {"checkbox", "radio"}:
        return [(node["name"], node.told.get("value", "on"))] if "checked" in node.told else []
    return [] if node["type"] in {"submit", "image", "file", "button"} else [(node["name"], node["value"])]


def _is_named(node: Node) -> bool:
    """Whether a reader of the screen has words for it."""
    inner = any(each["aria-label"] or each["alt"] or each.tag == "title" for each in node.all())
    return bool(node["aria-label"] or node["aria-labelledby"] or node["title"] or node.text or inner)
