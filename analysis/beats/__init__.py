"""Beats: dividing areal units into connected areas of bounded population and even workload, with one officer each."""
