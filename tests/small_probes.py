"""Few trees in place of a hundred: half of what a tiny training costs is the probes for shortcuts of its audit."""

from contextlib import contextmanager

_TREES = 4


@contextmanager
def small_probes():
    """Have the probes for shortcuts boost a few trees, which find what is plain and miss what is subtle."""
    from chestnut.auditing import shortcut_probes

    usual = shortcut_probes._trees

    def make_few(setting):
        make = usual(setting)
        return lambda: make().set_params(max_iter=_TREES)

    shortcut_probes._trees = make_few
    try:
        yield
    finally:
        shortcut_probes._trees = usual
