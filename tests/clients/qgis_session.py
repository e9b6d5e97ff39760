"""What somebody does in QGIS, as a script for the system's Python: add a layer, read it, paint tiles; prints JSON."""

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsMarkerSymbol,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileBasicRenderer,
    QgsVectorTileBasicRendererStyle,
    QgsVectorTileLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

WIDE, HIGH = 400, 300


def read_layer(root, key):
    uri = f"url='{root}' typename='incidents' username='me' password='{key}' pagingEnabled='true'"
    layer = QgsVectorLayer(uri, "incidents", "OAPIF")
    if not layer.isValid():
        return {"valid": False}
    read = sum(1 for _ in layer.getFeatures())
    return {
        "valid": True,
        "count": layer.featureCount(),
        "read": read,
        "geometry": QgsWkbTypes.displayString(layer.wkbType()),
        "crs": layer.crs().authid(),
        "types": {field.name(): field.typeName() or str(field.type()) for field in layer.fields()},
    }


def paint_tiles(root):
    address = f"{root}/collections/street-lights/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    layer = QgsVectorTileLayer(f"type=xyz&url={address}&zmin=0&zmax=14", "lights")
    style = QgsVectorTileBasicRendererStyle("lights", "", QgsWkbTypes.PointGeometry)
    style.setSymbol(QgsMarkerSymbol.createSimple({"color": "255,0,0", "size": "2"}))
    renderer = QgsVectorTileBasicRenderer()
    renderer.setStyles([style])
    layer.setRenderer(renderer)
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setOutputSize(QSize(WIDE, HIGH))
    settings.setBackgroundColor(QColor("white"))
    settings.setExtent(QgsRectangle(2504688, 7794000, 2526952, 7815000))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    white = QColor("white").rgb()
    painted = sum(image.pixel(x, y) != white for x in range(WIDE) for y in range(HIGH))
    return {"tiles_valid": layer.isValid(), "painted": painted}


def main():
    application = QgsApplication([], False)
    application.initQgis()
    root, key = sys.argv[1:]
    print(json.dumps({**read_layer(root, key), **paint_tiles(root)}), flush=True)
    application.exitQgis()


main()
