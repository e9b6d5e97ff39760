"""When two titles are the same: written alike but for blanks and upper or lower case."""

from __future__ import annotations


def title_key(expression: str) -> str:
    """Return the SQL expression that is equal for titles that are the same.

    Spelled as the database gives it back, so that `alembic check` finds no difference.
    """
    return rf"lower(btrim(regexp_replace(({expression})::text, '\s+'::text, ' '::text, 'g'::text)))"
