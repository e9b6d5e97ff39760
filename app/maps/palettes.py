"""Colours of the maps, chosen for readers with and without full colour vision.

The tests simulate protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes 2009) and demand a CIEDE2000
difference between classes that lie next to each other in the legend or on the map.

References
----------
Brewer, C. A. ColorBrewer 2.0: the diverging scheme RdBu in seven classes.
"""

from __future__ import annotations

NEUTRAL = "#f7f7f7"

GETIS_ORD_COLOURS: dict[int, str] = {
    3: "#b2182b",
    2: "#ef8a62",
    1: "#fddbc7",
    0: NEUTRAL,
    -1: "#d1e5f0",
    -2: "#67a9cf",
    -3: "#2166ac",
}
"""Colour of each ``gi_bin``: hot 99, 95, 90 %, not significant, cold 90, 95, 99 % (ColorBrewer RdBu)."""

CHANGE_COLOURS: dict[str, str] = {
    "increase_99": GETIS_ORD_COLOURS[3],
    "increase_95": GETIS_ORD_COLOURS[2],
    "not_clear": "#dfe3e6",
    "decrease_95": GETIS_ORD_COLOURS[-2],
    "decrease_99": GETIS_ORD_COLOURS[-3],
}
"""Change between two periods: red is more, blue is less, grey is nothing that could not be chance."""

HOT_DEVELOPMENT_COLOURS: dict[str, str] = {
    "new": "#faac38",
    "consecutive": "#f90606",
    "intensifying": "#54121d",
    "persistent": "#b2182b",
    "diminishing": "#db576d",
    "sporadic": "#e48191",
    "oscillating": "#633d03",
    "historical": "#edd3ab",
}
COLD_DEVELOPMENT_COLOURS: dict[str, str] = {
    "new": "#0ab8b8",
    "consecutive": "#0a0ab8",
    "intensifying": "#050557",
    "persistent": "#2166ac",
    "diminishing": "#0a8db8",
    "sporadic": "#94aef9",
    "oscillating": "#153b47",
    "historical": "#94e0f9",
}
"""Emerging hot and cold spots by pattern; each cell also carries the letter of its pattern."""

DENSITY_RAMP = ("#dcd6ea", "#b7a8d6", "#9273bd", "#6c3f9c", "#43126f")
"""One hue from light to dark; violet, so that a density is never mistaken for the red and blue of significance."""

BEAT_COLOURS = ("#cfe3f5", "#f2e3c6", "#7fb0a0", "#c77d5a", "#a394c8", "#bbcc33")
"""Fills of beats: any two can be told apart, because any two may become neighbours."""

LIGHT_STATE_COLOURS = {"lit": "#e3a900", "out": "#111111", "unknown": "#8f9ba8"}
"""Street lights: bright for lit, black for out, grey for what nobody recorded."""

ZONE_GROUP_COLOURS = {"open": "#6a1b9a", "in_work": "#c58fdc", "done": "#1b7f6b", "closed": "#c3cad1"}
"""Danger zones by what became of them."""

FIX_STATUS_COLOURS = {
    "proposed": "#ffffff",
    "planned": "#a9d3f5",
    "under_way": "#3f8fd2",
    "done": "#0b3c6f",
    "dropped": "#b8c0c8",
}
"""Fixes by progress: the darker, the further."""

STREET_LIGHTING_COLOURS = {"unlit": "#3b1a6b", "unknown": "#7fb0a0", "lit": "#f0cf65"}
"""Streets: dark for unlit, a colour of its own for what nobody recorded, pale yellow for lit."""

PRINCIPLE_COLOURS = {
    "natural_surveillance": "#e3a900",
    "access_control": "#3f8fd2",
    "territorial_reinforcement": "#a9d8b8",
    "image_and_maintenance": "#c77d5a",
    "activity_support": "#d9b8f2",
    "target_hardening": "#0b2c5f",
    "social_cohesion": "#b2182b",
    "road_safety": "#4a5866",
    "public_health": "#1b7f6b",
}
"""Fixes by the CPTED principle that they work by; each also carries a letter."""

RANKING_COLOURS = {"chosen_firm": "#0b3c6f", "chosen": "#67a9cf", "not_chosen": "#e3d3a8"}
"""Fixes under a budget: the darker, the firmer."""

EVALUATION_COLOURS = {"treated": "#b2182b", "buffer": "#f4b183", "control": "#2166ac", "control_buffer": "#a9d3f5"}
"""Areas of an evaluation: red where something was done, blue where not, the buffers paler."""

MISMATCH_COLOURS = {
    "act": "#5c0f1a",
    "cpted_and_inform": "#7b3fc4",
    "hidden_victims": "#e8701a",
    "quiet": "#7fb0a0",
    "more_concern": "#d5c3f0",
    "more_crime": "#fbe0a0",
}
"""Concern against crime: violet for concern, orange for crime, dark red for both; paler by the ratio alone."""

INK = "#1b2733"
MUTED_INK = "#4a5866"
OUTSIDE = "#e6e9ec"
STREET = "#8d98a3"
BOUNDARY = "#3c4a57"
OUT_OF_BOUNDS = "#a4001d"
CLUSTER = "#7a2e8d"
ELLIPSE = "#0b3c6f"
RISK_RAMP = ("#fbe2a8", "#f3a73b", "#d9601a", "#7f2704")
"""Raised risk after recent crimes, from a little to much."""
