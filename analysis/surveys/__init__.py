"""Safety surveys: shares with intervals, change between waves, and what a survey of its size can see."""
