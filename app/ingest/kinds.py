"""The kinds of files whose rows become rows of one table, declared."""

from __future__ import annotations

from app.danger_zones.models import DAY_PARTS, REPORT_SOURCES, SEASONS, WEEKDAYS, ZONE_STATUSES
from app.files.shapes import AREAS
from app.fixes.lifecycle import FIX_STATUSES
from app.incidents.models import MOST_WEIGHT
from app.ingest.fields import ANYTHING, LINE, POINT, POINT_OR_AREA, Field, FieldType, Kind, Placement, spelled
from app.ingest.histories.steps import checked_steps

RECORDED_AREA = Field(
    "recorded_area",
    FieldType.TEXT,
    spelled(
        "recordedarea beat(num|no|code|name|of(occ|occurr?ence))? (police)?district(code|name)? "
        "(police)?precinct (police)?(sector|division|zone)(name)? lsoacode (police)?ward(name)? "
        "neighbou?rhood(name)? communityarea colonia barrio borough"
    ),
)
CATEGORY_NAMES = spelled(
    "category categoria categorie kategorie "
    "(offen[cs]e|crime|incident|report|request|service|issue|case)type primarytype typeof.* type "
    "(offen[cs]e|crime|incident)(category|group|description|name)? (tipo)?delito ucr(group|desc.*) "
    "iucr reason servicename"
)
REPORTED_BY = Field(
    "reported_by",
    FieldType.CHOICE,
    spelled("reportedby source reportsource origin methodreceived reporter submittedby"),
    default="unknown",
    choices=REPORT_SOURCES,
)
STATUS_NAMES = spelled("status casestatus requeststatus estado state")
DANGER_ZONE = Field(
    "danger_zone_id", FieldType.REFERENCE, spelled("dangerzone(id|code|no)? zone(id|code|no)?"), target="danger_zone"
)
DESCRIPTION = Field("description", FieldType.TEXT, spelled("description beschreibung descripcion comments? notes?"))

INCIDENTS = Kind(
    name="incidents",
    table="incident",
    fields=(
        Field(
            "external_id",
            FieldType.ID,
            spelled(
                "externalid (incident|case|crime|offen[cs]e|event|record|report|unique)?(id|key|nr|number|no) "
                "uid rmsno drno cmplntnum incidentid.* casenum(ber)? reportnum(ber)? gouid"
            ),
        ),
        Field("category", FieldType.CATEGORY, CATEGORY_NAMES, why="all incidents count as one kind"),
        Field(
            "occurred_from",
            FieldType.TIME,
            spelled(
                "occurredfrom dateoccurred(from|start)? "
                "(date|time|datetime)?(start|from|begin)(date|time|datetime)? "
                "occurred(on|at)?(date|time|datetime)? occur(red)?(date|from)(time)? dateocc dateofocc(urrence)? "
                "cmplntfrdt (incident|offen[cs]e|crime|event|occurrence)(date|time|datetime) date(time)? timestamp "
                "fechah?echos fecha(hecho)? datum month date(time)?of(incident|offen[cs]e|crime) "
                "reported?(date|at|on)(time)? datesingle"
            ),
            why="no analysis by time is possible",
        ),
        Field(
            "occurred_to",
            FieldType.TIME,
            spelled(
                "occurredto dateoccurredto (date|time|datetime)?(end|to|until)(date|time|datetime)? "
                "occur(red)?(dateto|todate)(time)? cmplnttodt dateend"
            ),
        ),
        RECORDED_AREA,
        Field("weight", FieldType.NUMBER, spelled("(event|incident)?weight"), above=0, highest=MOST_WEIGHT),
    ),
    placement=Placement("geom", *POINT, projected=True),
    category_kind="incident",
    windows=(("occurred_from", "occurred_to", "quarantine"),),
    precision_of="occurred_from",
)

REPORTS = Kind(
    name="reports",
    table="report",
    fields=(
        Field(
            "external_id",
            FieldType.ID,
            spelled(
                "externalid servicerequest(id|number|no) "
                "(sr|case|request|report|ticket|issue)(enquiry)?(id|number|no|num) casenum(ber)? uniquekey id "
                "uid token"
            ),
        ),
        Field("category", FieldType.CATEGORY, CATEGORY_NAMES),
        Field(
            "reported_at",
            FieldType.TIME,
            spelled(
                "reportedat open(ed)?(dt|date|at)?(time)? created?(date|at|on)?(time)? creationdate createdat "
                "requested(date)?(time)? date(time)?(opened|created|reported|received) report(ed)?(date|time|on) "
                "submitted(at|on)? received(date|at)? date(time)? fecha datum"
            ),
            why="no analysis by time is possible",
        ),
        Field(
            "closed_at",
            FieldType.TIME,
            spelled(
                "closedat clos(ed|e)(dt|date|on)?(time)? completion(date)? completed(date|at|on)? "
                "date(time)?(closed|completed|resolved) resolved(date|at|on)?"
            ),
        ),
        Field("status", FieldType.TEXT, STATUS_NAMES),
        REPORTED_BY,
        Field("channel", FieldType.TEXT, spelled("channel source methodreceived origin device")),
        DESCRIPTION,
        RECORDED_AREA,
        DANGER_ZONE,
    ),
    placement=Placement("geom", *ANYTHING, projected=True),
    category_kind="concern",
    windows=(("reported_at", "closed_at", "warn"),),
)

DANGER_ZONES = Kind(
    name="danger-zones",
    table="danger_zone",
    fields=(
        Field("external_id", FieldType.ID, spelled("externalid (danger)?zone(id|code|no|number) id code")),
        Field("category", FieldType.CATEGORY, (*CATEGORY_NAMES, *spelled("concern problem")), value_required=True),
        Field("status", FieldType.CHOICE, STATUS_NAMES, default="received", choices=ZONE_STATUSES),
        REPORTED_BY,
        Field("channel", FieldType.TEXT, spelled("channel")),
        Field("day_part", FieldType.CHOICE, spelled("daypart timeofday partofday"), default="any", choices=DAY_PARTS),
        Field("weekday", FieldType.CHOICE, spelled("weekdays? days?ofweek"), default="any", choices=WEEKDAYS),
        Field("season", FieldType.CHOICE, spelled("season timeofyear"), default="any", choices=SEASONS),
        DESCRIPTION,
        Field(
            "reporters",
            FieldType.INTEGER,
            spelled("reporters numberofreporters votes"),
            default=1,
            lowest=0,
            counted_from="reporters_told",
        ),
        Field(
            "reported_at", FieldType.TIME, spelled("reported(at|on)?(date)? created(at|on)? date(time)?"), default="now"
        ),
        Field("updated_at", FieldType.TIME, spelled("updated(at|on)? lastupdated? modified(at|on)?"), default="now"),
        Field("passed_on_to", FieldType.TEXT, spelled("(passed|referred|forwarded)(on)?to")),
        Field("merged_into", FieldType.SIBLING, spelled("mergedinto duplicateof")),
        Field("why", FieldType.SENTENCE, spelled("why")),
        Field("next_step", FieldType.SENTENCE, spelled("nextstep")),
        Field("history", FieldType.DOCUMENT, spelled("history"), document=checked_steps),
    ),
    placement=Placement("geom", *ANYTHING),
    category_kind="concern",
)

AREAL_UNITS = Kind(
    name="areal-units",
    table="areal_unit",
    fields=(
        Field(
            "external_id",
            FieldType.ID,
            spelled(
                "externalid unit(id|code)? geoid(10|20)? geocode (areal?unit|block|area|zone)(id|code) "
                "(wd|lsoa|msoa|oa|lad|dz|iz)[0-9]{2}cd (lsoa|msoa|oa|ward|tract)?code tractblk id cvegeo mapid "
                "globalid name label"
            ),
            column_required=True,
            value_required=True,
        ),
        Field(
            "residents",
            FieldType.INTEGER,
            spelled(
                "residents? pop(ulation)?(total)?((19|20)[0-9]{2})? tot(al)?pop(ulation)?((19|20)?[0-9]{2})? "
                "pop[0-9]{1,3} p0*10*1 inhabitants? einwohner(zahl)? poblacion(total)? pobtot populacao "
                "habitants? population.*"
            ),
            lowest=0,
            why="beats cannot be planned on these units until residents are imported",
        ),
        Field("residents_year", FieldType.INTEGER, spelled("residentsyear year censusyear"), lowest=1500, highest=2200),
    ),
    placement=Placement("geom", *POINT_OR_AREA),
    keeps_attributes=True,
)

STREETS = Kind(
    name="streets",
    table="street_segment",
    fields=(
        Field("external_id", FieldType.ID, spelled("externalid segment(id|no)? id linkid osmid streetsegid globalid")),
        Field("name", FieldType.TEXT, spelled("(full)?(street|road)?name street fullname strname stname label")),
        Field("street_class", FieldType.TEXT, spelled("streetclass (road)?class highway fclass functional.* mtfcc")),
    ),
    placement=Placement("geom", *LINE),
    keeps_attributes=True,
)

STREET_LIGHTS = Kind(
    name="street-lights",
    table="street_light",
    fields=(
        Field(
            "external_id",
            FieldType.ID,
            spelled("externalid (pole|light|lamp|asset|unit|facility)(id|no|number|num|code) id code globalid"),
        ),
        Field("lamp_type", FieldType.TEXT, spelled("lamptype (fixture|luminaire|light|bulb)type type lamp")),
        Field("owner", FieldType.TEXT, spelled("owner(ship)? ownedby ownername")),
    ),
    placement=Placement("geom", *POINT, projected=True),
    keeps_attributes=True,
)

STREET_LIGHT_OUTAGES = Kind(
    name="street-light-outages",
    table="street_light_outage",
    fields=(
        Field("external_id", FieldType.ID, spelled("externalid outage(id|no|number) ticket(id|no|number)?")),
        Field(
            "street_light_id",
            FieldType.REFERENCE,
            spelled("(street)?(light|lamp)(id|no|number|code)? pole(id|no|number)? asset(id|no|number)?"),
            column_required=True,
            value_required=True,
            target="street_light",
        ),
        Field(
            "out_from",
            FieldType.TIME,
            spelled("outfrom outage(start|from|date)? outsince (date)?(from|start|begin) reported(at|on)?"),
            column_required=True,
            value_required=True,
        ),
        Field("out_to", FieldType.TIME, spelled("outto outage(end|to) repaired(at|on)? (date)?(to|end|until)")),
    ),
    placement=None,
    windows=(("out_from", "out_to", "quarantine"),),
    identified_by=("street_light_id", "out_from"),
)

FIXES = Kind(
    name="fixes",
    table="fix",
    fields=(
        Field("external_id", FieldType.ID, spelled("externalid (fix|project|measure|work)(id|no|number|code) id code")),
        Field("kind", FieldType.TEXT, spelled("kind fix(type|kind)? type category measure"), value_required=True),
        Field("title", FieldType.TEXT, spelled("title name summary description"), fallback="kind"),
        Field("status", FieldType.CHOICE, STATUS_NAMES, default="planned", choices=FIX_STATUSES),
        Field("owner", FieldType.TEXT, spelled("owner responsible(party)? agency department")),
        Field("co_owners", FieldType.LIST, spelled("coowners? partners? helpers?"), default=()),
        Field("cost", FieldType.MONEY, spelled("costs?(eur|usd|gbp)? price amount"), lowest=0, highest=1e12),
        Field("budget", FieldType.MONEY, spelled("budget(eur|usd|gbp)? funds? funding"), lowest=0, highest=1e12),
        Field("due_on", FieldType.DATE, spelled("due(on|date|by)? deadline promised(on|for|by)?")),
        Field("started_on", FieldType.DATE, spelled("started?(on|date|at)? (date)?from startdate begin")),
        Field(
            "ended_on", FieldType.DATE, spelled("ended?(on|date|at)? (date)?to enddate completed(on|date)? finished")
        ),
        DANGER_ZONE,
        Field(
            "further_danger_zones",
            FieldType.LIST,
            spelled("(further|other|more|linked)?(danger)?zones (danger)?zoneids"),
            default=(),
        ),
        Field("bundle_id", FieldType.TITLE, spelled("bundle(name|title)? bundleid"), target="fix_bundle"),
    ),
    placement=Placement("geom", *ANYTHING),
    windows=(("started_on", "ended_on", "quarantine"),),
    keeps_attributes=True,
)

OFFICERS = Kind(
    name="officers",
    table="officer",
    fields=(
        Field(
            "external_id",
            FieldType.ID,
            spelled("externalid badge(id|no|nr|num|number)? officer(id|no|number|code)? shield(no|number)? id"),
            column_required=True,
            value_required=True,
        ),
        Field("station", FieldType.TEXT, spelled("station(name|code)? homestation post unit")),
        Field("languages", FieldType.LIST, spelled("languages?(spoken)? langs? sprachen idiomas"), default=()),
        Field(
            "capacity",
            FieldType.NUMBER,
            spelled("capacity fte share worktime"),
            default=1.0,
            lowest=1e-6,
            highest=1.0,
        ),
        Field("contact", FieldType.TEXT, spelled("contact dutyphone telephone phone email")),
        Field("current_beat", FieldType.TEXT, spelled("(current|home)?beat(id|code|no)?")),
        Field("serves_since", FieldType.DATE, spelled("servessince since hired?(on|date)? hiredate joined(on)?")),
    ),
    placement=Placement("station_geom", *POINT, required=False),
)

KINDS = {
    kind.name: kind
    for kind in (
        AREAL_UNITS,
        STREETS,
        INCIDENTS,
        REPORTS,
        DANGER_ZONES,
        STREET_LIGHTS,
        STREET_LIGHT_OUTAGES,
        FIXES,
        OFFICERS,
    )
}
"""Every kind whose rows become rows of one table, by name."""

_BEAT_CODES = spelled(
    "beat(id|num|no|code|number) externalid beat(name)? "
    "(police)?(district|precinct|sector|division)(id|code|no|num|number)? code id (car|walk)rte nbhd name label"
)
BEAT_AREAS = Kind(
    name="beats",
    table="beat",
    fields=(Field("beat_id", FieldType.ID, _BEAT_CODES, column_required=True, value_required=True),),
    placement=Placement("geom", AREAS, "an area"),
)
BEAT_UNITS = Kind(
    name="beats",
    table="beat_membership",
    fields=(
        Field(
            "unit_id",
            FieldType.ID,
            spelled("(areal)?unit(id|code|no)? externalid geoid(10|20)? (block|zone|area)(id|code)? id code"),
            column_required=True,
            value_required=True,
        ),
        Field("beat_id", FieldType.TEXT, _BEAT_CODES, column_required=True, value_required=True),
    ),
    placement=None,
)
