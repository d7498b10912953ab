"""Write docs/limits.md: every limit of valaro with its default and its meaning.

python tools/limits.py            # write it anew
python tools/limits.py --check    # exit code 1 where it is not up to date
"""

import sys
from dataclasses import fields
from pathlib import Path

from generated_page import meanings, write_or_check

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


def page() -> str:
    """Return the page."""
    said = meanings(limits.Limits)
    rows = [f"| `{field.name}` | {field.default:,} | {said[field.name]} |" for field in fields(limits.Limits)]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page(), script="limits.py", about=__doc__))
