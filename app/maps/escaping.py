"""Text that cannot become code, whichever sink it ends in.

Properties of reports and officers are written by strangers. Folium puts them into template literals and ``innerHTML``,
where escaping the five characters of HTML is not enough: ``${...}`` and a backtick still run. Worse, branca compiles
every rendered script as a Jinja template again, so ``{{...}}`` in a property would run in the service itself.
"""

from __future__ import annotations

import math
import re
from typing import Any

DANGEROUS_CHARACTERS = "&<>\"'`${}\\\u2028\u2029"
_ENTITIES = {ord(character): f"&#{ord(character)};" for character in DANGEROUS_CHARACTERS}
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def escape_text(value: Any) -> str:
    r"""Return a value as text that is inert in HTML, in attributes, in JSON and in JavaScript template literals.

    Parameters
    ----------
    value : object
        Anything with a text form; None and NaN become an empty text.

    Returns
    -------
    str
        The text with each of ``& < > " ' ` $ { } \`` and the Unicode line separators written as a numeric character
        reference; control characters and bidirectional overrides are dropped.

    Examples
    --------
    >>> escape_text("<b>${alert(1)}")
    '&#60;b&#62;&#36;&#123;alert(1)&#125;'
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return _CONTROL_CHARACTERS.sub("", str(value)).translate(_ENTITIES)
