"""CQL2 (21-065r2): each operator that the service declares, against plain Python and shapely over every feature."""

import itertools
import json
import re
from datetime import UTC, datetime

import pytest
import shapely
from rectangles import rectangle
from shapely.geometry import mapping, shape

COMPARISONS = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
VALUES = {
    ("incidents", "category"): ["burglary", "robbery", "nothing"],
    ("incidents", "external_id"): ["I10", "I2", ""],
    ("areal-units", "residents"): [0, 200, 203.5],
    ("hot-spots", "gi_z"): [0, -1.25, 2.45],
    ("beats", "within_bounds"): [True, False],
    ("fixes", "cost"): [1200.5, 1e6],
}
SPATIAL = {
    "S_INTERSECTS": "intersects",
    "S_DISJOINT": "disjoint",
    "S_WITHIN": "within",
    "S_CONTAINS": "contains",
    "S_CROSSES": "crosses",
    "S_OVERLAPS": "overlaps",
    "S_TOUCHES": "touches",
    "S_EQUALS": "equals",
}
INVERSE = {"within": "contains", "contains": "within"}
GEOMETRIES = [
    "POINT (22.6 57.25)",
    "POINT (22.5528 57.2114)",
    "MULTIPOINT ((22.6 57.25), (22.54 57.22), (22.5528 57.2114))",
    "LINESTRING (22.6 57.25, 22.61 57.25)",
    "LINESTRING (22.53 57.195, 22.53 57.26)",
    "LINESTRING (22.55 57.21, 22.65 57.26)",
    "MULTILINESTRING ((22.5 57.21, 22.52 57.21), (22.62 57.25, 22.63 57.26))",
    "POLYGON ((22.52 57.21, 22.54 57.21, 22.54 57.22, 22.52 57.22, 22.52 57.21))",
    "POLYGON ((22.55 57.205, 22.615 57.205, 22.615 57.255, 22.55 57.255, 22.55 57.205))",
    "MULTIPOLYGON (((22.5 57.2, 22.52 57.2, 22.52 57.21, 22.5 57.2)), ((22.6 57.2, 22.64 57.2, 22.6 57.3, 22.6 57.2)))",
    "GEOMETRYCOLLECTION (POINT (22.6 57.25), POINT (22.5528 57.2114))",
]
MIXED = "GEOMETRYCOLLECTION (POINT (22.5528 57.2114), LINESTRING (22.53 57.195, 22.53 57.26))"
PLACED = ["incidents", "danger-zones", "streets", "areal-units"]


def literal(value):
    if isinstance(value, bool):
        return str(value).upper()
    return f"'{value}'" if isinstance(value, str) else repr(value)


def values_of(feature, name):
    return feature["properties"][name]


@pytest.fixture(scope="module")
def ask(read):
    """Finds features by a filter as text; the same filter as JSON has to find the same."""

    def found(name, expression, **more):
        document = read(f"/collections/{name}/items", filter=expression, limit=10_000, **more)
        return [feature["id"] for feature in document["features"]]

    return found


@pytest.fixture(scope="module")
def ask_json(read):
    def found(name, tree):
        document = read(f"/collections/{name}/items", filter=json.dumps(tree), filter_lang="cql2-json", limit=10_000)
        return [feature["id"] for feature in document["features"]]

    return found


def those(features, holds):
    return [feature["id"] for feature in features if holds(feature)]


# basic CQL2


@pytest.mark.parametrize("operator", COMPARISONS)
def test_properties_are_compared_with_values(ask, ask_json, everything, operator):
    for (name, known), values in VALUES.items():
        for value in values:
            if isinstance(value, bool) and operator not in {"=", "<>"}:
                continue
            expected = those(
                everything[name],
                lambda f, known=known, value=value: (
                    values_of(f, known) is not None and COMPARISONS[operator](values_of(f, known), value)
                ),
            )
            assert ask(name, f"{known} {operator} {literal(value)}") == expected, (name, known, value)
            assert ask_json(name, {"op": operator, "args": [{"property": known}, value]}) == expected


def moment(feature):
    return datetime.fromisoformat(values_of(feature, "occurred_from"))


def test_times_are_compared_as_times(ask, everything):
    for operator, holds in COMPARISONS.items():
        for text in (
            "TIMESTAMP('2025-06-01T12:00:00Z')",
            "DATE('2025-06-01')",
            "TIMESTAMP('2025-06-01T14:00:00+02:00')",
        ):
            limit = datetime(2025, 6, 1, 0 if "DATE" in text else 12, tzinfo=UTC)
            expected = those(
                everything["incidents"],
                lambda f, limit=limit, holds=holds: (
                    values_of(f, "occurred_from") is not None and holds(moment(f), limit)
                ),
            )
            assert ask("incidents", f"occurred_from {operator} {text}") == expected, (operator, text)
    expected = those(everything["fixes"], lambda f: (values_of(f, "started_on") or "") >= "2026-02-15")
    assert ask("fixes", "started_on >= DATE('2026-02-15')") == expected


def test_what_is_missing_is_null(ask, ask_json, everything):
    for name, known in (("incidents", "occurred_from"), ("fixes", "ended_on"), ("street-lights", "owner")):
        missing = those(everything[name], lambda f, known=known: values_of(f, known) is None)
        present = those(everything[name], lambda f, known=known: values_of(f, known) is not None)
        assert missing
        assert ask(name, f"{known} IS NULL") == missing
        assert ask(name, f"{known} IS NOT NULL") == present
        assert ask_json(name, {"op": "isNull", "args": [{"property": known}]}) == missing
    assert ask("incidents", "geometry IS NULL") == []


def test_conditions_are_combined_as_in_three_valued_logic(ask, ask_json, everything):
    """NULL compared with anything is neither true nor false, and its negation is neither too."""
    after, burglary = "occurred_from > TIMESTAMP('2025-06-01T00:00:00Z')", "category = 'burglary'"

    def is_after(f):
        known = values_of(f, "occurred_from")
        return None if known is None else known > "2025-06-01T00:00:00Z"

    def is_burglary(f):
        return values_of(f, "category") == "burglary"

    incidents = everything["incidents"]
    assert ask("incidents", f"NOT ({after})") == those(incidents, lambda f: is_after(f) is False)
    assert ask("incidents", f"{after} AND {burglary}") == those(incidents, lambda f: is_after(f) and is_burglary(f))
    assert ask("incidents", f"{after} OR {burglary}") == those(incidents, lambda f: is_after(f) or is_burglary(f))
    assert ask("incidents", f"NOT {burglary} AND NOT ({after})") == those(
        incidents, lambda f: not is_burglary(f) and is_after(f) is False
    )
    assert ask("incidents", f"{burglary} OR category = 'robbery' AND {after}") == those(
        incidents, lambda f: is_burglary(f) or (values_of(f, "category") == "robbery" and is_after(f))
    )
    assert ask("incidents", "TRUE") == those(incidents, lambda _: True)
    assert ask("incidents", "FALSE") == []
    tree = {"op": "not", "args": [{"op": "=", "args": [{"property": "category"}, "burglary"]}]}
    assert ask_json("incidents", tree) == those(incidents, lambda f: not is_burglary(f))


def test_every_queryable_is_a_property_of_expressions(ask, read, names, everything):
    for name in names:
        for known in read(f"/collections/{name}/queryables")["properties"].keys() - {"geometry"}:
            assert ask(name, f'"{known}" IS NOT NULL') == those(
                everything[name], lambda f, known=known: values_of(f, known) is not None
            )


# advanced comparison operators


@pytest.mark.parametrize(
    "pattern", ["I1%", "I_0", "%5", "I1__", "i1%", "%", "", "I10", "%1%2%", "I\\%", "\\I1%", "I\\_0"]
)
def test_like(ask, ask_json, everything, pattern):
    regular = re.sub(r"\\(.)|(%)|(_)|(.)", _as_regular, pattern)
    expected = those(everything["incidents"], lambda f: re.fullmatch(regular, values_of(f, "external_id")))
    assert ask("incidents", f"external_id LIKE '{pattern}'") == expected
    assert ask_json("incidents", {"op": "like", "args": [{"property": "external_id"}, pattern]}) == expected
    others = those(everything["incidents"], lambda f: not re.fullmatch(regular, values_of(f, "external_id")))
    assert ask("incidents", f"external_id NOT LIKE '{pattern}'") == others


def _as_regular(found):
    escaped, many, one, plain = found.groups()
    return ".*" if many else "." if one else re.escape(escaped or plain)


def test_between(ask, ask_json, everything):
    for low, high in ((0, 1), (-2.5, -2.5), (1, 0), (-10, 10)):
        expected = those(everything["hot-spots"], lambda f, low=low, high=high: low <= values_of(f, "gi_z") <= high)
        assert ask("hot-spots", f"gi_z BETWEEN {low} AND {high}") == expected
        assert ask_json("hot-spots", {"op": "between", "args": [{"property": "gi_z"}, low, high]}) == expected
        others = those(everything["hot-spots"], lambda f, low=low, high=high: not low <= values_of(f, "gi_z") <= high)
        assert ask("hot-spots", f"gi_z NOT BETWEEN {low} AND {high}") == others


def test_in(ask, ask_json, everything):
    for options in (["burglary"], ["burglary", "robbery"], ["x", "assault", "assault"]):
        expected = those(everything["incidents"], lambda f, options=options: values_of(f, "category") in options)
        text = ", ".join(map(literal, options))
        assert ask("incidents", f"category IN ({text})") == expected
        assert ask_json("incidents", {"op": "in", "args": [{"property": "category"}, options]}) == expected
        others = those(everything["incidents"], lambda f, options=options: values_of(f, "category") not in options)
        assert ask("incidents", f"category NOT IN ({text})") == others
    numbers = those(everything["areal-units"], lambda f: values_of(f, "residents") in {100, 204})
    assert ask("areal-units", "residents IN (100, 204, 99.5)") == numbers


# case


@pytest.mark.parametrize("name", ["LIELĀ IELA", "lielā iela", "Lielā Iela", "LiElĀ iElA"])
def test_letter_case_of_any_script_is_folded(ask, ask_json, name):
    assert len(ask("streets", f"CASEI(name) = CASEI('{name}')")) == 1
    folded = [{"op": "casei", "args": [{"property": "name"}]}, {"op": "casei", "args": [name]}]
    assert len(ask_json("streets", {"op": "=", "args": folded})) == 1
    assert len(ask("streets", f"CASEI(name) LIKE CASEI('{name[:4]}%')")) == 1
    assert len(ask("streets", f"CASEI(name) IN (CASEI('x'), CASEI('{name}'))")) == 1
    assert ask("streets", f"name = '{name.swapcase()}'") == [] or name == "lIELĀ IELA"


# space


@pytest.mark.parametrize("function", SPATIAL)
def test_spatial_functions_find_what_shapely_finds(ask, everything, function):
    relation = SPATIAL[function]
    found_any = False
    for text, name in itertools.product(GEOMETRIES, PLACED):
        area = shapely.from_wkt(text)
        united = shapely.union_all(shapely.get_parts(area)) if "COLLECTION" in text else area
        expected = those(everything[name], lambda f, united=united: getattr(shape(f["geometry"]), relation)(united))
        assert ask(name, f"{function}(geometry, {text})") == expected, (name, text)
        found_any |= bool(expected)
    assert found_any


def test_spatial_functions_take_json_and_either_order(ask, ask_json, everything):
    polygon = shapely.from_wkt(GEOMETRIES[8])
    for function, relation in SPATIAL.items():
        turned = INVERSE.get(relation, relation)
        expected = those(
            everything["areal-units"], lambda f, turned=turned: getattr(shape(f["geometry"]), turned)(polygon)
        )
        assert ask("areal-units", f"{function}({GEOMETRIES[8]}, geometry)") == expected, function
        tree = {"op": function.lower(), "args": [mapping(polygon), {"property": "geometry"}]}
        assert ask_json("areal-units", tree) == expected, function


def test_rectangles_are_geometries_too(ask, ask_json, everything):
    for west, south, east, north in (
        (22.55, 57.21, 22.6, 57.24),
        (22.6, 57.25, 22.6, 57.25),
        (22.53, 57.2, 22.53, 57.3),
    ):
        area = rectangle(west, south, east, north)
        for name in PLACED:
            expected = those(everything[name], lambda f, area=area: area.intersects(shape(f["geometry"])))
            for box in (f"{west},{south},{east},{north}", f"{west},{south},0,{east},{north},9"):
                assert ask(name, f"S_INTERSECTS(geometry, BBOX({box}))") == expected, (name, box)
            tree = {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [west, south, east, north]}]}
            assert ask_json(name, tree) == expected
    around_the_world = ask("incidents", "S_INTERSECTS(geometry, BBOX(22.6, 50, -170, 60))")
    assert around_the_world == those(everything["incidents"], lambda f: shape(f["geometry"]).x >= 22.6)


def test_points_lines_and_areas_together_can_be_intersected(ask, everything):
    area = shapely.from_wkt(MIXED)
    for name in PLACED:
        parts = shapely.get_parts(area)
        expected = those(everything[name], lambda f, parts=parts: shape(f["geometry"]).intersects(parts).any())
        assert ask(name, f"S_INTERSECTS(geometry, {MIXED})") == expected
        rest = those(everything[name], lambda f, parts=parts: not shape(f["geometry"]).intersects(parts).any())
        assert ask(name, f"S_DISJOINT(geometry, {MIXED})") == rest


FURTHER_ALONG = "GEOMETRYCOLLECTION (POINT (22.5528 57.2114), LINESTRING (22.53 57.2, 22.53 57.3))"
AROUND = "GEOMETRYCOLLECTION (POINT (22.5528 57.2114), POLYGON ((22.52 57.19, 22.54 57.19, 22.54 57.27, 22.52 57.19)))"


@pytest.mark.parametrize(
    ("relation", "holds"),
    [
        (f"S_EQUALS({MIXED}, {MIXED})", True),
        (f"S_WITHIN({MIXED}, {MIXED})", True),
        (f"S_CONTAINS({MIXED}, POINT (22.53 57.2))", True),
        (f"S_WITHIN(POINT (22.53 57.2), {MIXED})", True),
        (f"S_CONTAINS({MIXED}, POINT (22.53 57.195))", False),
        (f"S_TOUCHES({MIXED}, POINT (22.53 57.195))", True),
        (f"S_OVERLAPS({MIXED}, {FURTHER_ALONG})", True),
        (f"S_WITHIN({MIXED}, {FURTHER_ALONG})", False),
        (f"S_CROSSES({MIXED}, {AROUND})", True),
        (f"S_INTERSECTS({MIXED}, {AROUND})", True),
        (f"S_DISJOINT({MIXED}, {AROUND})", False),
        ("S_DISJOINT(POINT (1 1), POINT (2 2))", True),
    ],
)
def test_geometries_that_are_given_stand_in_every_relation_to_each_other(ask, everything, relation, holds):
    assert ask("incidents", relation) == those(everything["incidents"], lambda _: holds)


def covers(covering, covered):
    """Say by lengths, areas and numbers of points whether a set of parts covers a geometry of one kind."""
    rest, measured, dimension = covered, 0.0, shapely.get_dimensions(covered)
    measure = {0: shapely.get_num_geometries, 1: shapely.length, 2: shapely.area}[dimension]
    for part in covering:
        shared = shapely.get_parts(shapely.intersection(rest, part))
        of_same = shared[(shapely.get_dimensions(shared) == dimension) & ~shapely.is_empty(shared)]
        measured += measure(shapely.union_all(of_same)) if len(of_same) else 0.0
        rest = shapely.difference(rest, part)
    return measured == pytest.approx(measure(covered), rel=1e-9)


def relation_to_parts(feature, parts, relation):
    """Return whether a relation holds between a feature and areas, lines and points together (largest first)."""
    matrices = [shapely.relate(feature, part) for part in parts]
    meet = any(matrix[0] != "F" for matrix in matrices)
    largest = shapely.get_dimensions(parts[0])
    along = matrices[0][0] == str(largest)
    inside, around = covers(parts, feature), all(covers([feature], part) for part in parts)
    below = shapely.get_dimensions(feature) - largest
    return {
        "within": inside and meet,
        "contains": around and meet,
        "equals": inside and around,
        "touches": not meet and any(feature.intersects(part) for part in parts),
        "crosses": meet and (not inside if below < 0 else not around if below > 0 else largest == 1 and not along),
        "overlaps": bool(below == 0 and along and not inside and not around),
    }[relation]


MIXTURES = {
    "area, line and point": "GEOMETRYCOLLECTION (POLYGON ((22.5 57.2, 22.56 57.2, 22.56 57.22, 22.5 57.22, "
    "22.5 57.2)), LINESTRING (22.53 57.195, 22.53 57.26), POINT (22.6 57.25))",
    "point and line": MIXED,
    "line along a street": "GEOMETRYCOLLECTION (LINESTRING (22.595 57.25, 22.62 57.25), POINT (22.5528 57.2114))",
    "half of a street, the rest in an area": "GEOMETRYCOLLECTION (LINESTRING (22.6 57.25, 22.606 57.25), "
    "POLYGON ((22.605 57.24, 22.63 57.24, 22.63 57.26, 22.605 57.26, 22.605 57.24)))",
    "a whole unit and a point": "GEOMETRYCOLLECTION (POLYGON ((22.52 57.21, 22.54 57.21, 22.54 57.22, 22.52 57.22, "
    "22.52 57.21)), POINT (22.6 57.25))",
    "small things in one unit": "GEOMETRYCOLLECTION (LINESTRING (22.525 57.212, 22.53 57.215), POINT (22.535 57.216))",
}


@pytest.mark.parametrize("mixture", MIXTURES)
def test_points_lines_and_areas_together_stand_in_every_relation(ask, everything, mixture):
    text = MIXTURES[mixture]
    united = shapely.union_all(shapely.get_parts(shapely.from_wkt(text)))
    kinds = {}
    for part in shapely.get_parts(united):
        kinds.setdefault(int(shapely.get_dimensions(part)), []).append(part)
    parts = [shapely.union_all(kinds[number]) for number in sorted(kinds, reverse=True)]
    for (function, relation), name in itertools.product(SPATIAL.items(), PLACED):
        if relation in {"intersects", "disjoint"}:
            continue
        expected = those(
            everything[name], lambda f, relation=relation: relation_to_parts(shape(f["geometry"]), parts, relation)
        )
        assert ask(name, f"{function}(geometry, {text})") == expected, (function, name)
        turned = INVERSE.get(relation, relation).upper()
        assert ask(name, f"S_{turned}({text}, geometry)") == expected, (function, name)


# property with property, value with value


def test_either_side_may_be_a_property_or_a_value(ask, everything):
    cells = everything["hot-spots"]
    assert ask("hot-spots", "count >= cell") == those(cells, lambda f: values_of(f, "count") >= values_of(f, "cell"))
    assert ask("hot-spots", "50 < count") == those(cells, lambda f: values_of(f, "count") > 50)
    assert ask("hot-spots", "1 = 1") == those(cells, lambda _: True)
    assert ask("hot-spots", "'a' = 'b'") == []
    assert ask("hot-spots", "50 BETWEEN 1 AND count") == those(cells, lambda f: values_of(f, "count") >= 50)
    assert ask("hot-spots", "3 IN (gi_bin, 77)") == those(cells, lambda f: values_of(f, "gi_bin") == 3)
    assert ask("incidents", "'I10' LIKE 'I1%'") == those(everything["incidents"], lambda _: True)
    assert ask("incidents", "S_INTERSECTS(geometry, geometry)") == those(everything["incidents"], lambda _: True)
    assert ask("incidents", "S_DISJOINT(POINT(1 1), POINT(1 1))") == []
    assert ask("incidents", "S_WITHIN(POINT(1 1), BBOX(0, 0, 2, 2))") == those(everything["incidents"], lambda _: True)


# the encodings


def test_text_escapes_quotes_in_values(ask, get):
    assert ask("incidents", "external_id = 'it''s'") == []
    assert ask("incidents", "\"external_id\" = 'I7'") == ask("incidents", "external_id = 'I7'")
    assert get("/collections/incidents/items", filter="external_id = 'it's'").status_code == 400


def test_keywords_are_read_in_any_case(ask):
    expected = ask("incidents", "category IN ('burglary') AND NOT occurred_from IS NULL")
    assert ask("incidents", "category in ('burglary') and not occurred_from is null") == expected
    assert ask("incidents", "s_intersects(geometry, bbox(22,57,23,58))") == ask("incidents", "TRUE")


# times, which are told of in the documentation and declared by no class


TIMED = {
    "T_AFTER(occurred_from, {a})": lambda t, a, b: t > a,
    "T_BEFORE(occurred_from, {a})": lambda t, a, b: t < a,
    "T_EQUALS(occurred_from, {a})": lambda t, a, b: t == a,
    "T_DURING(occurred_from, INTERVAL('{ta}', '{tb}'))": lambda t, a, b: a < t < b,
    "T_INTERSECTS(occurred_from, INTERVAL('{ta}', '{tb}'))": lambda t, a, b: a <= t <= b,
    "T_INTERSECTS(occurred_from, INTERVAL('{ta}', '..'))": lambda t, a, b: a <= t,
    "T_DURING(occurred_from, INTERVAL('..', '{tb}'))": lambda t, a, b: t < b,
    "T_INTERSECTS(occurred_from, {a})": lambda t, a, b: t == a,
}


@pytest.mark.parametrize("expression", TIMED)
def test_temporal_functions(ask, everything, expression):
    a, b = "2025-02-01T12:00:00Z", "2025-03-01T12:00:00Z"
    text = expression.format(a=f"TIMESTAMP('{a}')", ta=a, tb=b)
    ends = [datetime.fromisoformat(end) for end in (a, b)]
    expected = those(
        everything["incidents"],
        lambda f: values_of(f, "occurred_from") is not None and TIMED[expression](moment(f), *ends),
    )
    assert expected
    assert ask("incidents", text) == expected
