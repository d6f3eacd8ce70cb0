"""The result of a fit: arrays."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from ._native import Field, Status
from ._plural import count


class FittedModel(Protocol):
    """The attributes and methods of a `Model` that a result uses."""

    name: str
    options: dict[str, Any]

    @property
    def isa(self) -> str:
        """The instruction set of the kernels."""

    @property
    def parameter_fields(self) -> tuple[Field, ...]:
        """What the parameters are, in their order."""

    @property
    def map_fields(self) -> tuple[Field, ...]:
        """What maps there are."""

    @property
    def derive(self) -> Callable[..., dict[str, np.ndarray]]:
        """Make maps of parameters, as `Model.derive`."""


class Result(Mapping[str, np.ndarray]):
    """Parameters, status and iterations of the fitted voxels, and maps made of them when they are asked for.

    ``result["fa"]`` or ``result.fa`` is a volume of the data's shape, of parameters (float64) or of a map
    (float32), zero outside the mask; ``list(result)`` has the names. ``result.masked("fa")`` is the same for the
    fitted voxels alone. The attribute for a map has the map's name in small letters, without the word label, with
    ``_`` in place of all that is not a letter or number: ``result.fod_wm`` is ``result["fod_label-WM"]``, and
    ``result["fod_wm"]`` is the same. The attributes below come first: ``result.status`` has the fitted voxels, and
    ``result["status"]`` is the volume.

    Attributes
    ----------
    model : Model
        The model that was fitted.
    params : ndarray, (n, parameters), float64
        What was fitted, as ``model.parameter_fields`` describes it, of the voxels of the mask in C order.
    status : ndarray, (n,), uint8
        What happened to each voxel: a `Status`.
    iterations : ndarray, (n,), uint16
        How many iterations it took.
    shape : tuple of int
        The shape of volumes: that of the data without the last axis.
    mask : ndarray of bool, or None
        The voxels that were fitted; None for all.
    """

    def __init__(
        self,
        model: FittedModel,
        params: np.ndarray,
        status: np.ndarray,
        iterations: np.ndarray,
        shape: tuple[int, ...],
        mask: np.ndarray | None,
    ) -> None:
        self.model = model
        self.params = params
        self.status = status
        self.iterations = iterations
        self.shape = shape
        self.mask = mask
        self._maps: dict[str, np.ndarray] = {}

    def __repr__(self) -> str:
        return f"Result({self.model.name!r}, {count(len(self.status), 'voxel')} of {self.shape}: {', '.join(self)})"

    # Arrays do not compare to one truth value. So a result is equal to itself alone, and can be a key of a dict.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def _names(self) -> list[str]:
        fields = (*self.model.parameter_fields, *self.model.map_fields)
        return list(dict.fromkeys(f.name for f in fields))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _by_attribute(self) -> dict[str, str]:
        """Return the names of all maps, by the names of their attributes."""
        return {as_attribute(name): name for name in reversed(self._names())}

    def __contains__(self, name: object) -> bool:
        return name in self._names() or name in self._by_attribute()

    def __getattr__(self, name: str) -> np.ndarray:
        # pickle and copy ask for attributes of a result that is still empty: it has none.
        if name.startswith("_") or "model" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        names = self._by_attribute()
        if name in names:
            return self[names[name]]
        nearest = difflib.get_close_matches(name, names, 1)
        hint = f", the nearest is {nearest[0]}" if nearest else ""
        raise AttributeError(
            f"a result of {self.model.name} has no map {name!r}{hint}; it has {', '.join(sorted(names))}"
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._by_attribute()})

    def __getitem__(self, name: str) -> np.ndarray:
        return self.unpack(self.masked(name), Status.OUTSIDE_MASK if name == "status" else 0)

    def masked(self, name: str) -> np.ndarray:
        """Return parameters or a map of the fitted voxels.

        Parameters
        ----------
        name : str
            One of the names that the result has.

        Returns
        -------
        ndarray, (n, components), or (n,) for one component
        """
        if name not in self._names():
            name = self._by_attribute().get(name, name)
        if name == "status":
            return self.status
        if name == "iterations":
            return self.iterations
        at = 0
        for field in self.model.parameter_fields:
            if field.name == name:
                values = self._as_map(field, self.params[:, at : at + field.components])
                if values is not None:
                    return values[:, 0] if field.components == 1 else values
            at += field.components
        if name not in self._maps:
            self.derive([name])
        return self._maps[name]

    def derive(self, names: str | Iterable[str], **keywords: Any) -> None:
        """Make several maps in one pass, and keep them.

        Parameters
        ----------
        names : str or iterable of str
            The maps.
        **keywords
            ``n_threads`` and ``progress``, as for `Model.derive`.
        """
        self._maps.update(self.model.derive(names, self.params, self.status, self.iterations, **keywords))

    def unpack(self, values: np.ndarray, outside: float = 0) -> np.ndarray:
        """Place values of the fitted voxels in a volume.

        Parameters
        ----------
        values : ndarray, (n, ...)
            Of the fitted voxels, in their order.
        outside : number, optional
            The value of all other voxels.

        Returns
        -------
        ndarray, (*shape, ...)
        """
        if self.mask is None:
            return values.reshape(self.shape + values.shape[1:])
        volume = np.full(self.shape + values.shape[1:], outside, values.dtype)
        volume[self.mask] = values
        return volume

    def _as_map(self, parameter: Field, values: np.ndarray) -> np.ndarray | None:
        """Return parameters as the map of their name has them, in float64; None where the map must be computed.

        Options may ask for SH coefficients in another basis, which is another order of them, for other units, or for
        a tensor's elements in another order. Parameters are always the same.
        """
        asked = next((f for f in self.model.map_fields if f.name == parameter.name), parameter)
        if asked == parameter:
            return values
        bases = _basis(asked), _basis(parameter)
        if None in bases or bases[0] == bases[1]:
            return None
        return values[:, swap_orders(values.shape[1])]


def _basis(field: Field) -> str | None:
    """Return the SH basis that a field's description names."""
    found = re.search(r"\bbasis (\w+)", field.description)
    return found and found[1]


def as_attribute(name: str) -> str:
    """Return the name of a map as an attribute: "fod_wm" for "fod_label-WM", "color_fa" for "colorFA"."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.replace("_label-", "_"))
    return re.sub(r"\W+", "_", apart.lower())


def swap_orders(coefficients: int) -> np.ndarray:
    """Return indices that exchange m and -m, which turns descoteaux07 (legacy) into tournier07 and back."""
    order: list[int] = []
    degree = 0
    while len(order) < coefficients:
        first = len(order)
        order += range(first + 2 * degree, first - 1, -1)
        degree += 2
    return np.array(order)
