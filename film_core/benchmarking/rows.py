"""The rows of a benchmark, as a table and as JSON."""

from dataclasses import asdict, dataclass


@dataclass
class Row:
    """One task measured; None where something wasn't measured.

    Attributes:
        name: kind and size, such as ``forward 288x384 T149``.
        ours_s, torch_eager_s, torch_fastest_s: shortest time of the repetitions, seconds.
        ratio: torch_fastest_s / ours_s.
        ours_rss_mb, torch_rss_mb: peak memory over the interpreter with its imports.
        ours_gflops: speed of our kernels, by the operations that `forward_flop` counts.
        peak_gflops: of a bare multiply-add loop beside it, on all threads.
        of_floor: ours_s over the time that the operations would take at that peak.
        fastest: which mode of PyTorch was the fastest.
        ours_cpu_s, torch_cpu_s: least processor time of all threads together; other programs on
            the machine disturb it less than the time of day. PyTorch's is that of any mode.
        cpu_ratio: torch_cpu_s / ours_cpu_s.
    """

    name: str
    ours_s: float | None = None
    torch_eager_s: float | None = None
    torch_fastest_s: float | None = None
    ratio: float | None = None
    ours_rss_mb: float | None = None
    torch_rss_mb: float | None = None
    ours_gflops: float | None = None
    peak_gflops: float | None = None
    of_floor: float | None = None
    fastest: str | None = None
    ours_cpu_s: float | None = None
    torch_cpu_s: float | None = None
    cpu_ratio: float | None = None

    def as_dict(self) -> dict:
        """Return the row for JSON."""
        return asdict(self)


_COLUMNS = (
    ("ours_s", "ours s", "{:.3f}"),
    ("torch_eager_s", "eager s", "{:.3f}"),
    ("torch_fastest_s", "fastest s", "{:.3f}"),
    ("ratio", "ratio", "{:.1f}x"),
    ("cpu_ratio", "CPU ratio", "{:.1f}x"),
    ("ours_rss_mb", "MB", "{:.0f}"),
    ("torch_rss_mb", "torch MB", "{:.0f}"),
    ("ours_gflops", "GFLOP/s", "{:.0f}"),
    ("peak_gflops", "peak", "{:.0f}"),
    ("of_floor", "of floor", "{:.2f}x"),
)


def print_rows(rows: list[Row]) -> str:
    """Return the rows as a table."""
    lines = [f"{'':34s}" + "".join(f"{title:>11s}" for _, title, _ in _COLUMNS)]
    for row in rows:
        cells = []
        for attribute, _, form in _COLUMNS:
            value = getattr(row, attribute)
            cells.append(f"{'-' if value is None else form.format(value):>11s}")
        lines.append(f"{row.name:34s}" + "".join(cells))
    return "\n".join(lines)
