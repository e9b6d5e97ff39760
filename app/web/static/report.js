// The map of the report form: marks the place by mouse, finger or keyboard and writes it into the field beside it.
// Without this script the form works by coordinates and street.

const form = /** @type {HTMLFormElement} */ (document.getElementById("report"));
const field = /** @type {HTMLTextAreaElement} */ (document.getElementById("positions"));
const container = /** @type {HTMLElement} */ (document.getElementById("map"));
const L = /** @type {any} */ (window).L;
const STREETS_AT_ONCE = 10000;
const MARK = { color: "#b3261e", weight: 4, fillColor: "#b3261e", fillOpacity: 0.25, radius: 9 };

/** @returns {[number, number][]} latitude and longitude of each line of the field that can be read */
function readPositions() {
  const lines = field.value.split("\n").map((line) => line.match(/^\s*([-+]?\d+(?:\.\d+)?)\s*[,;\s]\s*([-+]?\d+(?:\.\d+)?)\s*$/));
  return lines.filter((match) => match).map((match) => [Number(match[1]), Number(match[2])]);
}

/** @param {[number, number][]} positions */
function writePositions(positions) {
  field.value = positions.map(([latitude, longitude]) => `${latitude.toFixed(6)}, ${longitude.toFixed(6)}`).join("\n");
}

/** @returns {string} point, line or area */
function chosenShape() {
  return /** @type {HTMLInputElement} */ (form.querySelector("input[name=shape]:checked")).value;
}

/** @returns {any} the map, with the bounds of the municipality in view */
function openMap() {
  document.getElementById("map-part").hidden = false;
  const [west, south, east, north] = form.dataset.bounds.split(",").map(Number);
  const map = L.map(container, { preferCanvas: true, attributionControl: false, zoomSnap: 0.25 });
  map.fitBounds([[south, west], [north, east]]);
  L.control.scale({ imperial: false }).addTo(map);
  return map;
}

/**
 * @param {any} map
 * @param {string} address
 * @param {object} style
 */
async function drawLayer(map, address, style) {
  const answer = await fetch(address);
  if (answer.ok) L.geoJSON(await answer.json(), { style, interactive: false }).addTo(map).bringToBack();
}

/** @param {any} map */
function followPlace(map) {
  const drawn = L.layerGroup().addTo(map);

  function draw() {
    const positions = readPositions();
    drawn.clearLayers();
    positions.forEach((position) => L.circleMarker(position, MARK).addTo(drawn));
    if (chosenShape() === "line" && positions.length > 1) L.polyline(positions, MARK).addTo(drawn);
    if (chosenShape() === "area" && positions.length > 2) L.polygon(positions, MARK).addTo(drawn);
  }

  /** @param {{lat: number, lng: number}} place */
  function take(place) {
    const before = chosenShape() === "point" ? [] : readPositions();
    writePositions([...before, [place.lat, place.lng]]);
    draw();
  }

  function takeBack() {
    writePositions(readPositions().slice(0, -1));
    draw();
  }

  map.on("click", (event) => take(event.latlng));
  container.addEventListener("keydown", (event) => {
    if (event.target !== container) return;
    if (event.key === "Enter") take(map.getCenter());
    else if (event.key === "Backspace") takeBack();
    else return;
    event.preventDefault();
  });
  document.getElementById("undo").addEventListener("click", takeBack);
  document.getElementById("clear").addEventListener("click", () => { writePositions([]); draw(); });
  field.addEventListener("input", draw);
  form.querySelectorAll("input[name=shape]").forEach((choice) => choice.addEventListener("change", draw));
  draw();
}

const town = `/municipalities/${form.dataset.municipality}`;
const map = openMap();
followPlace(map);
drawLayer(map, town, { color: "#17344f", weight: 2, fill: false, dashArray: "6 4" });
await drawLayer(map, `${town}/streets?limit=${STREETS_AT_ONCE}`, { color: "#7b8a99", weight: 2 });
document.documentElement.dataset.mapReady = "yes";
