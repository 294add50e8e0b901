"""Every line of the wire says how sure we are of it."""

from typing import get_type_hints

from energy_pipeline.sinks.enerkey import wire


def test_every_constant_has_a_grade():
    hints = get_type_hints(wire, include_extras=True)
    constants = {name for name in vars(wire) if name.isupper() and not name.startswith("_")}
    ungraded = {
        name
        for name in constants
        if not any(isinstance(m, wire.Known) for m in getattr(hints.get(name), "__metadata__", ()))
    }
    assert ungraded == set()
    assert len(constants) > 30
