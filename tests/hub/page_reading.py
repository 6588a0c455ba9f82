"""A page as a screen reader meets it: landmarks, headings, names of what can be used, what is read out."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_EMPTY = {"input", "img", "link", "meta", "br", "hr"}


@dataclass
class Element:
    """An element with its text, and that of what is in it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: tuple[str, ...] = ()


@dataclass
class Read(HTMLParser):
    """All elements of a page, in their order."""

    page: str
    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.page)
        assert not self._open, f"never closed: {[one.tag for one in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside = tuple(one.tag for one in self._open)
        made = Element(tag, {name: value or "" for name, value in attrs}, inside=inside)
        self.elements.append(made)
        if tag not in _EMPTY:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            assert [one.tag for one in self._open[-1:]] == [tag], f"</{tag}> closes {self._open[-1:]}"
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one.text += data

    def all(self, tag: str) -> list[Element]:
        return [one for one in self.elements if one.tag == tag]

    def find(self, identifier: str) -> Element:
        (found,) = [one for one in self.elements if one.attributes.get("id") == identifier]
        return found

    def has(self, identifier: str) -> bool:
        return any(one.attributes.get("id") == identifier for one in self.elements)


def faults(page: str) -> list[str]:
    """Say what would leave somebody with a keyboard or a screen reader behind."""
    read = Read(page)
    identifiers = [one.attributes["id"] for one in read.elements if one.attributes.get("id")]
    found = [f"two elements {name}" for name in set(identifiers) if identifiers.count(name) > 1]
    for tag in ("main", "h1", "title"):
        if len(read.all(tag)) != 1:
            found.append(f"{len(read.all(tag))} of {tag}")
    if not read.all("html")[0].attributes.get("lang"):
        found.append("no language")
    for one in read.elements:
        found += _of(one, read, set(identifiers))
    return found


def _of(one: Element, read: Read, identifiers: set[str]) -> list[str]:
    given, found = one.attributes, []
    if one.tag == "input" and given.get("type") != "hidden":
        labels = [label for label in read.all("label") if label.attributes.get("for") == given.get("id")]
        if len(labels) != 1 or not labels[0].text.strip():
            found.append(f"no label for {given}")
    if one.tag in ("a", "button") and not (
        one.text.strip() or given.get("aria-label") or "img" in _in(one, read)
    ):
        found.append(f"no name of {one.tag} {given}")
    if one.tag == "img" and "alt" not in given:
        found.append(f"no words for {given}")
    if one.tag == "a" and given.get("href", "").startswith("#") and len(given["href"]) > 1:
        found += [] if given["href"][1:] in identifiers else [f"a link to nothing: {given}"]
    for name in ("aria-describedby", "aria-labelledby"):
        found += [
            f"{name} of nothing: {word}" for word in given.get(name, "").split() if word not in identifiers
        ]
    if given.get("tabindex", "0") not in ("0", "-1"):
        found.append(f"an order of its own: {given}")
    return found


def _in(one: Element, read: Read) -> list[str]:
    place = read.elements.index(one)
    following = read.elements[place + 1 : place + 3]
    return [other.tag for other in following if other.inside[: len(one.inside) + 1] == (*one.inside, one.tag)]
