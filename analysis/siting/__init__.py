"""Which fix where: the CPTED catalogue, rules that propose from evidence, and the best choice under a budget."""
