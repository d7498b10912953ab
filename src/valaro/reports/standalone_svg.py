"""A figure of the page as an SVG file of its own: every style written into the element, for print and for editors."""

from copy import deepcopy
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml.ElementTree import fromstring

_NAMESPACE = "http://www.w3.org/2000/svg"
_INK, _QUIET, _LINE, _PAPER = "#22252a", "#55595f", "#dedad1", "#ffffff"
_FONT = "Noto Sans, DejaVu Sans, Helvetica, Arial, sans-serif"

COLOURS = ("#0072b2", "#c85200", "#00795a", "#a3497f", "#56b4e9", "#8f6a00")
"""After Okabe and Ito: to be told apart by every kind of sight; where lines cross, marks differ in shape, too."""

_STYLES: dict[str, dict[str, str]] = {
    "name": {"font-weight": "bold"},
    "tick": {"fill": _QUIET, "font-size": "11"},
    "small": {"font-size": "11"},
    "grid": {"stroke": _LINE, "stroke-width": "1"},
    "reference": {"stroke": _QUIET, "stroke-width": "1", "stroke-dasharray": "4 3"},
    "frame": {"fill": "none", "stroke": _LINE},
    "bar": {"stroke": "colour", "stroke-width": "3", "stroke-linecap": "round"},
    "interval": {"stroke": "colour", "stroke-width": "1.6", "stroke-opacity": "0.65"},
    "dashed": {"stroke": "colour", "stroke-width": "1.6", "stroke-dasharray": "6 4"},
    "dot": {"fill": "colour", "stroke": _PAPER, "stroke-width": "1.5"},
    "single": {"fill": "colour", "fill-opacity": "0.3"},
    "thin": {"fill": "none", "stroke": "colour", "stroke-width": "0.8", "stroke-opacity": "0.22"},
    "mean": {"fill": "none", "stroke": "colour", "stroke-width": "2.2", "stroke-linejoin": "round"},
    "chosen": {"fill": _PAPER, "stroke": "colour", "stroke-width": "1.2"},
    "heat": {"fill": COLOURS[0]},
}

_HALO = {"stroke": _PAPER, "stroke-width": "3", "stroke-linejoin": "round", "fill": _PAPER}


def standalone(drawn: str, label: str) -> str:
    """Return the figure `drawn` for the page as a whole SVG document with the title `label`."""
    picture = fromstring(drawn.replace("var(--blue)", COLOURS[0]))
    _, _, width, height = _view(picture)
    _style(picture, COLOURS[0])
    root = Element("svg", {"xmlns": _NAMESPACE, "viewBox": picture.get("viewBox", "")})
    root.attrib |= {"width": f"{1.5 * width:g}", "height": f"{1.5 * height:g}", "role": "img"}
    root.attrib |= {"font-family": _FONT, "font-size": "12", "fill": _INK}
    SubElement(root, "title").text = label
    left, top, *_ = _view(picture)
    box = {"x": f"{left:g}", "y": f"{top:g}", "width": f"{width:g}", "height": f"{height:g}", "fill": _PAPER}
    SubElement(root, "rect", box)
    root.extend(list(picture))
    return tostring(root, encoding="unicode") + "\n"


def _style(element: Element, colour: str) -> None:
    """Turn the classes of an element and all below it into attributes; `cN` sets the colour for what is below."""
    for name in element.attrib.pop("class", "").split():
        if name[0] == "c" and name[1:].isdigit():
            colour = COLOURS[int(name[1:]) % len(COLOURS)]
        for key, value in _STYLES.get(name, {}).items():
            element.set(key, colour if value == "colour" else value)
    for place, child in reversed(list(enumerate(element))):
        stands_alone = "plain" not in child.get("class", "").split()
        _style(child, colour)
        if child.tag == "text" and stands_alone:
            # Not every program knows `paint-order`, so what keeps text legible over a line is a text of its own.
            halo = deepcopy(child)
            halo.attrib |= _HALO | {"aria-hidden": "true"}
            element.insert(place, halo)


def _view(picture: Element) -> tuple[float, float, float, float]:
    left, top, width, height = map(float, picture.get("viewBox", "0 0 400 300").split())
    return left, top, width, height
