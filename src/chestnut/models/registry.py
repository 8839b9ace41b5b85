"""The registry of networks: `register` adds a builder, and `builder` returns the one with a given name."""

from __future__ import annotations

from collections.abc import Callable

import keras

from chestnut.errors import RecipeError, suggest

#: A builder takes its part of the recipe, the input tensor (0..255), a dtype policy and, by name, sizes that a fit
#: determines. It returns features.
Builder = Callable[..., keras.KerasTensor]

_BUILDERS: dict[str, Builder] = {}


def register(name: str) -> Callable[[Builder], Builder]:
    """Register a builder under a name.

    Raises:
        RecipeError: The name is taken.
    """

    def add(builder: Builder) -> Builder:
        if name in _BUILDERS:
            raise RecipeError(f"a network {name!r} is already registered; choose another name")
        _BUILDERS[name] = builder
        return builder

    return add


def builder(name: str) -> Builder:
    """Return the builder with a name.

    Raises:
        RecipeError: There is no such network.
    """
    if name not in _BUILDERS:
        raise RecipeError(f"no network {name!r}; {suggest(name, _BUILDERS)}")
    return _BUILDERS[name]


def names() -> list[str]:
    """Return the names of the registered networks, sorted."""
    return sorted(_BUILDERS)
