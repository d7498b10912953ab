"""Write docs/limits.md: every limit of valaro with its default and its meaning.

python tools/limits.py            # write it anew
python tools/limits.py --check    # exit code 1 where it is not up to date
"""

import ast
import inspect
import sys
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

from generated_page import write_or_check

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


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page(), script="limits.py", about=__doc__))
