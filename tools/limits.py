"""Write docs/limits.md: every limit of valaro with its default and its meaning.

python tools/limits.py            # write it anew
python tools/limits.py --check    # exit code 1 where it is not up to date
"""

import argparse
import ast
import inspect
import sys
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

from valaro import limits

PAGE = Path(__file__).parents[1] / "docs" / "limits.md"

HEAD = f"""# Limits

What a file may claim or cost. Beyond a limit a recording or file is refused, or a problem is reported, before anything
is computed. A limit that is too low for your recordings is set for every command of a terminal by

```
export {limits.VARIABLE}="longest_gap=1200,most_pixels=80000000"
```

In Python it is set before valaro is imported. `python tools/limits.py` writes this page from the code, and a test holds
it to that.

| limit | default | meaning |
|---|---|---|
"""


def meanings() -> dict[str, str]:
    """Return what stands below each limit in the code, by name."""
    (record,) = ast.parse(inspect.getsource(limits.Limits)).body
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(record.body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


def page() -> str:
    """Return the page."""
    said = meanings()
    rows = [f"| `{field.name}` | {field.default:,} | {said[field.name]} |" for field in fields(limits.Limits)]
    return HEAD + "\n".join(rows) + "\n"


def main() -> int:
    """Write the page, or say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where the page is out of date")
    text = page()
    if not parser.parse_args().check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"docs/{PAGE.name} is not up to date: python tools/limits.py writes it anew")
    return 1


if __name__ == "__main__":
    sys.exit(main())
