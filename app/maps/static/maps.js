// Behaviour of Kvart's map documents: point symbols on the canvas, checkboxes of the legend, "Show" buttons of the
// table, room for labels. A plain script, because it must also run from a file opened by double click.
(function () {
  "use strict";

  /** Labels in view beyond which only their first line is shown. */
  const MANY_LABELS = 50;

  /**
   * Draw a closed path through corners around a point, as Leaflet's canvas draws its circles.
   * @param {number[][]} corners Directions from the centre, in units of the radius.
   */
  function cornered(corners) {
    return L.CircleMarker.extend({
      _updatePath: function () {
        const renderer = this._renderer;
        if (!renderer._drawing || this._empty()) {
          return;
        }
        const context = renderer._ctx;
        const radius = Math.max(Math.round(this._radius), 1);
        context.beginPath();
        corners.forEach((corner, position) => {
          const x = this._point.x + corner[0] * radius;
          const y = this._point.y + corner[1] * radius;
          if (position === 0) {
            context.moveTo(x, y);
          } else {
            context.lineTo(x, y);
          }
        });
        context.closePath();
        renderer._fillStroke(context, this);
      },
    });
  }

  // Leaflet shifts the canvas by parts of a pixel after every reset, which blurs thin lines. Unless it is being zoomed,
  // its place is where it was drawn.
  const updateTransform = L.Renderer.prototype._updateTransform;
  L.Renderer.include({
    _updateTransform: function (center, zoom) {
      updateTransform.call(this, center, zoom);
      if (zoom === this._zoom) {
        L.DomUtil.setPosition(this._container, this._bounds.min);
      }
    },
  });

  L.KvartSquare = cornered([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]);
  L.KvartDiamond = cornered([[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]]);

  /**
   * Give a point its permanent label. The texts arrive escaped; they are decoded and set as text, never as markup.
   * @param {{properties: Object<string, string>}} feature
   * @param {L.Layer} layer
   */
  window.kvartLabel = function (feature, layer) {
    const label = document.createElement("div");
    Object.values(feature.properties).forEach((escaped) => {
      const line = document.createElement("div");
      line.textContent = new DOMParser().parseFromString(escaped, "text/html").documentElement.textContent;
      label.append(line);
    });
    layer.bindTooltip(label, { permanent: true, direction: "center", className: "map-label", opacity: 1 });
  };

  /**
   * Hide labels that would lie on one with precedence (the earlier in the document), or outside the map.
   * @param {HTMLElement} frame Element of the map.
   */
  function makeRoomForLabels(frame) {
    const outer = frame.getBoundingClientRect();
    const kept = [];
    const isInside = (box) =>
      box.left >= outer.left && box.right <= outer.right && box.top >= outer.top && box.bottom <= outer.bottom;
    const labels = [...frame.querySelectorAll(".map-label")];
    const crowded = labels.filter((label) => isInside(label.getBoundingClientRect())).length > MANY_LABELS;
    frame.classList.toggle("crowded", crowded);
    labels.forEach((label) => {
      const box = label.getBoundingClientRect();
      const inside = isInside(box);
      const free = kept.every(
        (other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom
      );
      label.classList.toggle("no-room", !(inside && free));
      if (inside && free) {
        kept.push(box);
      }
    });
  }

  /**
   * Draw point symbols small on an overview and larger in the streets.
   * @param {L.Map} map
   */
  function scaleSymbols(map) {
    const factor = Math.min(2.4, Math.max(0.7, Math.pow(2, (map.getZoom() - 13.5) / 2.5)));
    map.eachLayer((layer) => {
      if (layer instanceof L.CircleMarker && layer.feature) {
        layer.radiusAsGiven = layer.radiusAsGiven || layer.options.radius;
        layer.setRadius(layer.radiusAsGiven * factor);
      }
    });
  }

  /**
   * Wire the checkboxes of the legend; the drawing order of the layers stays what it was.
   * @param {L.Map} map
   */
  function wireCheckboxes(map) {
    const order = [];
    map.eachLayer((layer) => {
      if (layer instanceof L.GeoJSON) {
        order.push(layer);
      }
    });
    document.querySelectorAll("input[data-layers]").forEach((box) => {
      box.checked = true;
      box.addEventListener("change", () => {
        box.dataset.layers.split(" ").forEach((name) => {
          const layer = window[name];
          if (box.checked) {
            layer.addTo(map);
          } else {
            layer.remove();
          }
        });
        order.filter((layer) => map.hasLayer(layer)).forEach((layer) => layer.bringToFront());
        scaleSymbols(map);
        makeRoomForLabels(map.getContainer());
      });
    });
  }

  /**
   * Wire the buttons that show a row of the table on the map.
   * @param {L.Map} map
   */
  function wireTable(map) {
    let ring = null;
    document.querySelectorAll("button.show-on-map").forEach((button) => {
      button.addEventListener("click", () => {
        const place = [Number(button.dataset.latitude), Number(button.dataset.longitude)];
        if (ring) {
          ring.remove();
        }
        ring = L.circleMarker(place, { radius: 18, color: "#1b2733", weight: 3, fill: false, interactive: false });
        ring.addTo(map);
        map.panTo(place, { animate: false });
        map.getContainer().scrollIntoView({ block: "nearest" });
      });
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    const frame = document.querySelector(".map-canvas");
    const map = window[frame.id];
    const home = JSON.parse(frame.parentElement.dataset.bounds);
    let moved = false;
    ["mousedown", "keydown", "wheel", "touchstart"].forEach((gesture) => {
      frame.addEventListener(gesture, () => { moved = true; }, { passive: true });
    });
    new ResizeObserver(() => {
      map.invalidateSize({ pan: false });
      if (moved) {
        map.setView(map.getCenter(), map.getZoom(), { reset: true });
      } else {
        map.fitBounds(home, { padding: [18, 18], reset: true });
      }
      makeRoomForLabels(frame);
    }).observe(frame);
    map.on("moveend", () => makeRoomForLabels(frame));
    map.on("zoomend", () => scaleSymbols(map));
    wireCheckboxes(map);
    wireTable(map);
    makeRoomForLabels(frame);
    document.documentElement.dataset.mapReady = "yes";
  });
})();
