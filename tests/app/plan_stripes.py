"""Plans of the small town whose beats are stripes."""

from small_town import BLOCKS

CODE = "town"
ADDRESS = f"/municipalities/{CODE}/beat-plans"


def stripes(width=3, moved=()):
    """Return the table of beats that are ``width`` columns wide; units of ``moved`` go to the beat beside."""
    rows = ["unit_id,beat_id"]
    for row in range(BLOCKS):
        for column in range(BLOCKS):
            unit = f"{row:02}-{column:02}"
            own = column // width + (unit in moved)
            rows.append(f"{unit},B{own + 1}")
    return "\n".join(rows) + "\n"
