"""Places that hold many events: the busiest, how concentrated events are, point masses."""
