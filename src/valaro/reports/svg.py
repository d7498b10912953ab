"""A drawing of matplotlib's as lean SVG: nothing that nobody sees, nothing that names a date or a program."""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, fromstring, register_namespace, tostring

_NAMESPACE = "http://www.w3.org/2000/svg"
_SVG, _HREF = f"{{{_NAMESPACE}}}", "{http://www.w3.org/1999/xlink}href"
_DRAWN = ("d", "x", "y", "width", "height", "transform")


def page_element(drawing: bytes, label: str, colours: Mapping[str, str]) -> str:
    """Return an element of a page: letters are the page's, and each of `colours` what the page calls it."""
    root = _lean(drawing)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label}
    svg = tostring(root, encoding="unicode").replace(f' xmlns="{_NAMESPACE}"', "")
    for drawn, variable in colours.items():
        svg = svg.replace(drawn, variable)
    return svg


def document(drawing: bytes, label: str) -> bytes:
    """Return a file of its own."""
    root = _lean(drawing)
    root.attrib |= {"role": "img", "style": "font-family:'DejaVu Sans',sans-serif;stroke-linejoin:round"}
    title = Element(f"{_SVG}title")
    title.text = label
    root.insert(0, title)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _lean(drawing: bytes) -> Element:
    register_namespace("", _NAMESPACE)
    root = fromstring(drawing)  # noqa: S314 matplotlib's own
    for node in root.iter():
        if _HREF in node.attrib:
            node.set("href", node.attrib.pop(_HREF))
    used = sorted({node.get("href", "") for node in root.iter()} - {""})
    # Two drawings of a page may have the same id: matplotlib makes it of the shape, so that both mean the same.
    _clean(root, {identity[1:] for identity in used})
    return root


def _clean(node: Element, used: set[str]) -> None:
    """Drop groups that say nothing, ids that nothing refers to, and digits that nobody sees."""
    for child in list(node):
        _clean(child, used)
        position = list(node).index(child)
        kind = child.tag.removeprefix(_SVG)
        is_empty = kind in {"g", "defs"} and not len(child)
        if is_empty or kind in {"metadata", "style"} or child.get("style") == "fill:none":
            node.remove(child)
        elif kind == "g" and not child.attrib:
            node[position : position + 1] = list(child)
    if node.get("id") not in used:
        node.attrib.pop("id", None)
    for name in _DRAWN:
        if name in node.attrib:
            node.set(name, _short(node.attrib[name]))
    if node.get("transform", "").startswith(("rotate(0", "rotate(-0")):
        del node.attrib["transform"]
    if "style" in node.attrib:
        kept = [part.strip().replace(": ", ":") for part in node.attrib["style"].split(";")]
        node.set("style", ";".join(part for part in kept if not part.startswith("font-family")))
    styles = {child.get("style") for child in node if child.tag == f"{_SVG}use"}
    if node.tag == f"{_SVG}g" and len(styles) == 1 and len(node) > 1 and all(c.tag == f"{_SVG}use" for c in node):
        node.set("style", styles.pop() or "")
        for child in node:
            child.attrib.pop("style", None)
    node.tail = None
    if not (node.text or "").strip():
        node.text = None


def _short(numbers: str) -> str:
    r"""Return coordinates, which are 1/72 of an inch, to a tenth.

    >>> _short("M 153.487179 37.475122 \nL -0.000001 4.04")
    'M153.5 37.5L0 4'
    """
    # Adding 0 makes 0 of -0.
    rounded = re.sub(r"-?\d+\.\d+", lambda match: f"{round(float(match[0]), 1) + 0:g}", numbers)
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", rounded).strip()
