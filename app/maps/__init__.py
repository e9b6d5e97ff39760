"""Folium documents that ask nothing of the outside world."""
