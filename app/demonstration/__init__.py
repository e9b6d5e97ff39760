"""The main job on the sample town, through the services that HTTP uses: import, analyse, write layers and maps."""
