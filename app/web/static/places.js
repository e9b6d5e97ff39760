// A map of places that the page lists too: streets of the municipality, drawn from this service alone, and the places
// that the page itself carries. Whoever has no script reads the list.

const container = /** @type {HTMLElement} */ (document.getElementById("map"));
const L = /** @type {any} */ (window).L;
const STREETS_AT_ONCE = 10000;
const CLOSEST_ZOOM = 17;
const COLOURS = {
  chosen: "#b3261e", report: "#16202b", other: "#0b5394",
  open: "#b3261e", planned: "#b45f06", done: "#1d6b35",
};

/** @param {any} feature */
function style(feature) {
  const colour = COLOURS[feature.properties.kind];
  return { color: colour, weight: 4, fillColor: colour, fillOpacity: 0.3, radius: feature.properties.kind === "report" ? 5 : 9 };
}

/** @param {any} map @param {string} address @param {object} look */
async function drawLayer(map, address, look) {
  const answer = await fetch(address);
  if (answer.ok) L.geoJSON(await answer.json(), { style: look, interactive: false }).addTo(map).bringToBack();
}

/** @param {string} text */
function paragraphs(text) {
  const element = document.createElement("div");
  text.split("\n").forEach((line) => element.appendChild(document.createElement("p")).textContent = line);
  return element;
}

container.hidden = false;
const [west, south, east, north] = container.dataset.bounds.split(",").map(Number);
const map = L.map(container, { preferCanvas: true, attributionControl: false, zoomSnap: 0.25 });
map.fitBounds([[south, west], [north, east]]);
L.control.scale({ imperial: false }).addTo(map);
const places = L.geoJSON(JSON.parse(container.dataset.places), {
  style,
  pointToLayer: (feature, place) => L.circleMarker(place, style(feature)),
  onEachFeature: (feature, layer) => layer.bindPopup(paragraphs(feature.properties.label)),
}).addTo(map);
if (container.dataset.nearest && places.getBounds().isValid()) {
  map.fitBounds(places.getBounds().pad(0.5), { maxZoom: CLOSEST_ZOOM });
}
const town = `/municipalities/${container.dataset.municipality}`;
drawLayer(map, town, { color: "#17344f", weight: 2, fill: false, dashArray: "6 4" });
await drawLayer(map, `${town}/streets?limit=${STREETS_AT_ONCE}`, { color: "#7b8a99", weight: 2 });
document.documentElement.dataset.mapReady = "yes";
