"""The OGC API: layers for GIS desktops and scripts, one root for each municipality."""
