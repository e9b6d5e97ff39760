"""The life of beat plans: from a draft that is edited to the plan in force, and what followed it."""
