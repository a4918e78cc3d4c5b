"""Reads the data out of a pickle without running anything that the pickle asks for.

Python's unpickler looks up functions by name and calls them; that is how a weights file can run
code. This reader walks the opcodes itself. It builds plain containers, numbers and strings, and
where the stream names a function it looks the name up in a table given by the caller: a name
that is not in the table ends the reading. Nothing is imported, no attribute is fetched, and every
step is bounded by the length of the stream.
"""

import pickletools
from collections.abc import Callable, Mapping
from typing import Any

from film_core.checkpoints.failures import hostile, truncated
from film_core.errors import CheckpointError

MAX_STREAM = 64 * 2**20
"""Longest pickle stream accepted, in bytes (a Jittor .pkl carries its tensors inside it)."""


class Allowed:
    """A name that a stream may mention, and what stands for calling it.

    Attributes:
        name: "module name", as pickle writes it.
        call: takes the tuple of arguments, returns the value; None where it may only be named.
        build: takes (value, state) for pickle's BUILD; None where that is not allowed.
    """

    def __init__(
        self,
        name: str,
        call: Callable[[tuple], Any] | None = None,
        build: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self.name, self.call, self.build = name, call, build


class Built:
    """A value made by an allowed call, together with who made it (BUILD needs to know)."""

    __slots__ = ("maker", "value")

    def __init__(self, maker: Allowed, value: Any) -> None:
        self.maker, self.value = maker, value


_MARK = object()
_PUSHED_AS_IS = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BINSTRING", "SHORT_BINSTRING",
}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def read_pickle(
    stream: bytes,
    allowed: Mapping[str, Allowed],
    persistent: Callable[[Any], Any] | None = None,
    name: str = "weights",
) -> Any:
    """Return the data in `stream`; calls of `allowed` names appear as `Built` values.

    Args:
        stream: a pickle of protocol 2 to 5.
        allowed: {"module name": Allowed}; everything else is refused.
        persistent: turns a persistent id into a value; None refuses them.
        name: what to call the file in an error.

    Raises:
        HostileCheckpointError: the stream names anything outside the table, or uses an operation
            that weights don't need.
        TruncatedCheckpointError: the stream ends early or is damaged.
    """
    if len(stream) > MAX_STREAM:
        raise hostile(name, f"its pickle is {len(stream)} bytes long, more than {MAX_STREAM}")
    machine = _Machine(allowed, persistent, name)
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            machine.step(opcode.name, argument)
    except CheckpointError:
        raise
    except (ValueError, OverflowError, UnicodeError, RecursionError) as error:
        # What pickletools raises for opcodes that don't exist or run past the end of the stream,
        # and Python for what is nested too deeply to be walked.
        raise truncated(name, f"its pickle can't be read: {str(error)[:120]}") from None
    return machine.result()


class _Machine:
    """Pickle's stack machine, restricted."""

    def __init__(self, allowed, persistent, name) -> None:
        self.allowed, self.persistent, self.name = allowed, persistent, name
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.stopped = False

    def step(self, op: str, argument: Any) -> None:
        if op in _PUSHED_AS_IS:
            self.stack.append(argument)
        elif op in _CONSTANTS:
            self.stack.append(_CONSTANTS[op])
        elif op in _TUPLES:
            self.stack.append(tuple(self.take(_TUPLES[op])))
        else:
            handler = getattr(self, f"op_{op}", None)
            if handler is None:
                raise hostile(self.name, f"its pickle uses the operation {op}")
            handler(argument)

    def result(self) -> Any:
        if not self.stopped or len(self.stack) != 1:
            raise truncated(self.name, "its pickle does not end with one value")
        return self.stack[0]

    def take(self, count: int) -> list[Any]:
        """Pop `count` values that lie above the last mark."""
        taken = self.stack[len(self.stack) - count :] if count <= len(self.stack) else None
        if taken is None or any(value is _MARK for value in taken):
            raise truncated(self.name, "its pickle takes more values than it gave")
        del self.stack[len(self.stack) - count :]
        return taken

    def take_to_mark(self) -> list[Any]:
        for at in range(len(self.stack) - 1, -1, -1):
            if self.stack[at] is _MARK:
                taken = self.stack[at + 1 :]
                del self.stack[at:]
                return taken
        raise truncated(self.name, "its pickle lacks a mark")

    def top(self, kind: type, what: str) -> Any:
        value = self.stack[-1] if self.stack else None
        if isinstance(value, Built):
            value = value.value
        if not isinstance(value, kind):
            raise truncated(self.name, f"its pickle {what} something that can't take it")
        return value

    # The operations that weights need. The names are pickle's own.

    def op_PROTO(self, _):  # noqa: N802
        pass

    def op_FRAME(self, _):  # noqa: N802
        pass

    def op_STOP(self, _):  # noqa: N802
        self.stopped = True

    def op_MARK(self, _):  # noqa: N802
        self.stack.append(_MARK)

    def op_POP(self, _):  # noqa: N802
        self.take(1)

    def op_EMPTY_DICT(self, _):  # noqa: N802
        self.stack.append({})

    def op_EMPTY_LIST(self, _):  # noqa: N802
        self.stack.append([])

    def op_EMPTY_TUPLE(self, _):  # noqa: N802
        self.stack.append(())

    def op_TUPLE(self, _):  # noqa: N802
        self.stack.append(tuple(self.take_to_mark()))

    def op_APPEND(self, _):  # noqa: N802
        (value,) = self.take(1)
        self.top(list, "appends to").append(value)

    def op_APPENDS(self, _):  # noqa: N802
        values = self.take_to_mark()
        self.top(list, "appends to").extend(values)

    def op_SETITEM(self, _):  # noqa: N802
        self.set_items(self.take(2))

    def op_SETITEMS(self, _):  # noqa: N802
        self.set_items(self.take_to_mark())

    def set_items(self, flat: list[Any]) -> None:
        target = self.top(dict, "sets items of")
        if len(flat) % 2:
            raise truncated(self.name, "its pickle sets a key without a value")
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            if not isinstance(key, str | int | float | None):
                raise truncated(self.name, "its pickle uses a container as a key")
            target[key] = value

    def op_BINPUT(self, slot):  # noqa: N802
        if not self.stack or self.stack[-1] is _MARK:
            raise truncated(self.name, "its pickle remembers nothing")
        self.memo[slot] = self.stack[-1]

    op_LONG_BINPUT = op_BINPUT  # noqa: N815

    def op_MEMOIZE(self, _):  # noqa: N802
        self.op_BINPUT(len(self.memo))

    def op_BINGET(self, slot):  # noqa: N802
        if slot not in self.memo:
            raise truncated(self.name, "its pickle recalls what it never stored")
        self.stack.append(self.memo[slot])

    op_LONG_BINGET = op_BINGET  # noqa: N815

    def op_GLOBAL(self, full_name):  # noqa: N802
        known = self.allowed.get(full_name)
        if known is None:
            raise hostile(self.name, f"it asks for '{str(full_name)[:120].replace(' ', '.')}'")
        self.stack.append(known)

    def op_STACK_GLOBAL(self, _):  # noqa: N802
        module, attribute = self.take(2)
        if not isinstance(module, str) or not isinstance(attribute, str):
            raise truncated(self.name, "its pickle names a function by something else than text")
        self.op_GLOBAL(f"{module} {attribute}")

    def op_REDUCE(self, _):  # noqa: N802
        function, arguments = self.take(2)
        if not isinstance(function, Allowed) or function.call is None:
            raise hostile(self.name, "it calls something that is not a function weights need")
        if not isinstance(arguments, tuple):
            raise truncated(self.name, "its pickle calls without arguments")
        self.stack.append(Built(function, function.call(arguments)))

    def op_BUILD(self, _):  # noqa: N802
        made, state = self.take(2)
        if not isinstance(made, Built) or made.maker.build is None:
            raise hostile(self.name, "it sets the inner state of an object")
        made.value = made.maker.build(made.value, state)
        self.stack.append(made)

    def op_BINPERSID(self, _):  # noqa: N802
        (reference,) = self.take(1)
        if self.persistent is None:
            raise hostile(self.name, "its pickle refers to an outside object")
        self.stack.append(self.persistent(reference))
