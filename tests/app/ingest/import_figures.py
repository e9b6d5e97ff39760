"""Figures of import reports that tests compare."""


def counts(report):
    """Return accepted, updated, unchanged and quarantined rows."""
    found = report.counts
    assert found.rows_read == found.accepted + found.updated + found.unchanged + found.quarantined
    return found.accepted, found.updated, found.unchanged, found.quarantined


def codes(report):
    """Return the codes of the warnings."""
    return {notice.code for notice in report.notices}
