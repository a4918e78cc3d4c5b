"""The order in which the C++ kernels take the network's 189 tensors."""

_BLOCK = (
    "norm1.body.weight",
    "norm1.body.bias",
    "attn.temperature",
    "attn.qkv.weight",
    "attn.qkv_dwconv.weight",
    "attn.project_out.weight",
    "norm2.body.weight",
    "norm2.body.bias",
    "ffn.project_in.weight",
    "ffn.dwconv.weight",
    "ffn.project_out.weight",
)


def _stage(stage: int, source: str) -> list[str]:
    attention = f"cross_attentionA{'1' if source == 'A' else '2'}.multihead_attn"  # published name
    names = [f"conv{source}1.weight", f"prelu{source}1.weight"]
    names += [f"restormer{source}1.{name}" for name in _BLOCK]
    names += [f"imagef2textf{source}1.conv.{name}" for name in ("weight", "bias")]
    names += [f"{attention}.in_proj_{name}" for name in ("weight", "bias")]
    names += [f"{attention}.out_proj.{name}" for name in ("weight", "bias")]
    for conv in (f"{source}2", f"{source}3"):
        names += [f"conv{conv}.weight", f"conv{conv}.bias", f"prelu{conv}.weight"]
    return [f"restormerca{stage}.{name}" for name in names]


def parameter_names() -> list[str]:
    """Return the names of all 189 tensors as in a checkpoint (without ``module.``), in C++ order.

    `cpp/network.hpp` reads them one after the other.
    """
    names = ["text_process.conv.weight", "text_process.conv.bias"]
    for stage in (1, 2, 3):
        for source in ("A", "B"):
            names += _stage(stage, source)
    for block in ("restormer1", "restormer2", "restormer3"):
        names += [f"{block}.{name}" for name in _BLOCK]
        if block == "restormer1":
            names += ["conv1.weight", "conv1.bias"]
    return [*names, "conv2.weight", "conv2.bias"]
