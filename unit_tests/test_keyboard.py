# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whoever has no mouse, or no eyes for a colour, can use our own widgets: their templates say what is what."""

from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).resolve().parent.parent
# What the browser itself lets be reached by Tab and pressed by Enter or Space.
NATIVE = ("button", "input", "select", "textarea")
MOUSE = ("t-on-click", "t-on-mousedown", "t-on-dblclick", "t-on-mouseenter")
TEXTS = ("t-esc", "t-out")
NAMES = ("aria-label", "t-att-aria-label", "t-attf-aria-label", "aria-labelledby")


def templates():
    return sorted((ROOT / "static" / "src").rglob("*.xml"))


def elements(text):
    """Yield (element, its parents from the nearest outwards) of a template."""

    def walk(element, parents):
        yield element, parents
        for child in element.iterchildren(etree.Element):
            yield from walk(child, (element, *parents))

    yield from walk(etree.fromstring(text.encode()), ())


def mouse_alone(text):
    """Return what reacts to a mouse and cannot be reached or pressed by keyboard."""
    found = []
    for element, _parents in elements(text):
        handlers = [name for name in element.attrib if name.split(".")[0] in MOUSE]
        if not handlers or element.tag in NATIVE or (element.tag == "a" and "href" in element.attrib):
            continue
        keyed = any(name.startswith("t-on-key") for name in element.attrib)
        if not (keyed and element.get("tabindex") == "0" and element.get("role")):
            found.append(f"<{element.tag} class={element.get('class')!r}>")
    return found


def says_something(element):
    if element.get("aria-hidden") == "true":
        return False
    own = bool((element.text or "").strip()) or any(name in element.attrib for name in TEXTS)
    # A text that small screens hide is no name of a button.
    hidden = "d-none" in (element.get("class") or "").split()
    inner = any(
        says_something(child) or (child.tail or "").strip() for child in element.iterchildren(etree.Element)
    )
    return not hidden and (own or inner)


def without_a_name(text):
    """Return what can be pressed or filled in and has no words that a reader of screens could say."""
    found = []
    for element, parents in elements(text):
        if element.tag not in (*NATIVE, "a") or any(name in element.attrib for name in NAMES):
            continue
        labelled = element.tag not in ("button", "a") and any(parent.tag == "label" for parent in parents)
        if not labelled and not (element.tag in ("button", "a") and says_something(element)):
            found.append(f"<{element.tag} class={element.get('class')!r}>")
    return found


def wrong_roles(text):
    """Return buttons that say that they are something else."""
    return [
        f"<{element.tag} role={element.get('role')!r}>"
        for element, _parents in elements(text)
        if element.tag in ("button", "a") and element.get("role") not in (None, "button", "link", "tab")
    ]


def out_of_order(text):
    """Return what stands before everything else, or cannot be reached at all."""
    return [
        f"<{element.tag} tabindex={element.get('tabindex')!r}>"
        for element, _parents in elements(text)
        if element.get("tabindex") not in (None, "0")
    ]


def silent_icons(text):
    """Return icons that neither have words nor are kept from readers of screens."""
    return [
        f"<i class={element.get('class')!r}>"
        for element, _parents in elements(text)
        if element.tag == "i"
        and element.get("aria-hidden") != "true"
        and not any(name in element.attrib for name in (*NAMES, "title"))
    ]


RULES = (mouse_alone, without_a_name, wrong_roles, out_of_order, silent_icons)


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_our_own_widgets(rule, path):
    assert rule(path.read_text(encoding="utf-8")) == []


def test_the_templates_are_found():
    assert len(templates()) >= 3


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (mouse_alone, "<t><div t-on-click='open'>Open</div></t>"),
        (mouse_alone, "<t><a t-on-click.prevent='open'>Open</a></t>"),
        (mouse_alone, "<t><div t-on-click='open' tabindex='0' role='button'>Open</div></t>"),
        (without_a_name, "<t><button><i class='fa fa-x' aria-hidden='true'/></button></t>"),
        (without_a_name, "<t><button><span class='d-none' t-esc='title'/></button></t>"),
        (without_a_name, "<t><select><option>One</option></select></t>"),
        (wrong_roles, "<t><button role='alert'>Open</button></t>"),
        (out_of_order, "<t><button tabindex='-1'>Open</button></t>"),
        (silent_icons, "<t><i class='fa fa-x'/></t>"),
    ],
)
def test_the_rule_catches(rule, text):
    assert len(rule(text)) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_is_right_passes(rule):
    text = """<t>
        <button t-on-click="open"><i class="fa fa-x" aria-hidden="true"/> Open</button>
        <button t-on-click="open" aria-label="Open"><i class="fa fa-x" aria-hidden="true"/></button>
        <div t-on-click="open" t-on-keydown="onKey" tabindex="0" role="button">Open</div>
        <label>Period<select t-on-change="choose"/></label>
        <a href="/x" t-on-click="open"><t t-esc="name"/></a>
    </t>"""
    assert rule(text) == []
