"""The Q-Former's text branch equals the reference, from every published layout."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from film_core.text import encode_pair, load_encoder
from film_core.text.qformer import QFormer, read_qformer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "dark", "road", "lamp", "##post", "."]


@pytest.fixture(scope="module")
def golden(shared):
    return shared / "golden" / "text" / "qformer"


@pytest.fixture
def folder(tmp_path, golden):
    """The golden weights in a folder of one's own, with a tokenizer of as many words."""
    for file in golden.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    write_tokenizer(tmp_path / "tokenizer.json", 1000)
    return tmp_path


def write_tokenizer(path, size):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {word: index for index, word in enumerate(WORDS)}
    vocabulary |= {f"word{index}": index for index in range(len(WORDS), size)}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.save(str(path))


def as_lavis(state):
    """The same tensors under LAVIS's names."""
    renamed = {}
    for name, array in state.items():
        if name == "qformer.layernorm.weight" or name == "qformer.layernorm.bias":
            name = name.replace("qformer.layernorm", "Qformer.bert.embeddings.LayerNorm")
        elif name.startswith("embeddings."):
            name = "Qformer.bert." + name
        elif name.startswith("qformer."):
            name = "Qformer.bert." + name.removeprefix("qformer.")
            name = name.replace("attention.attention.", "attention.self.")
        renamed[name] = array
    return renamed


def check_golden(encoder, golden):
    case = np.load(golden / "case.npz")
    for ids, mask, expected in zip(
        case["input_ids"], case["attention_mask"], case["last_hidden_state"], strict=True
    ):
        count = int(mask.sum())
        found = encoder.features(ids[:count].tolist())
        assert found.shape == (count, 96) and found.dtype == np.float32
        assert np.abs(found - expected[:count]).max() <= 1e-5


def test_golden_from_transformers_safetensors(folder, golden):
    encoder = QFormer(folder)
    assert encoder.width == 96 and encoder.config.heads == 4
    check_golden(encoder, golden)
    assert "68 of 115 tensors were used" in encoder.report
    assert "attention to an image" in encoder.report


def test_a_wrong_layer_norm_or_head_count_would_show(folder, golden):
    """The golden values notice what the shapes don't."""
    (folder / "config.json").write_text('{"num_attention_heads": 8}')
    with pytest.raises(AssertionError):
        check_golden(QFormer(folder), golden)


def test_golden_from_bin_and_from_lavis_layout(folder, golden, tmp_path):
    torch = pytest.importorskip("torch", reason="writes the .bin and .pth that are read here")
    state = {n: torch.from_numpy(a) for n, a in load_file(folder / "model.safetensors").items()}
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    check_golden(QFormer(folder), golden)
    (folder / "pytorch_model.bin").unlink()
    lavis = as_lavis(state)
    lavis["Qformer.bert.embeddings.position_ids"] = torch.arange(64)[None]
    lavis["Qformer.cls.predictions.decoder.weight"] = state["embeddings.word_embeddings.weight"]
    torch.save({"model": lavis, "epoch": 3}, folder / "blip2.pth")
    # LAVIS states no number of heads; BERT's heads are 64 wide, and so 96 features have one.
    weights = read_qformer(folder)
    assert weights.config.heads == 1 and weights.files[0].name == "blip2.pth"
    expected = read_qformer(golden / "model.safetensors").state
    assert weights.state.keys() == expected.keys()
    assert all(np.array_equal(weights.state[name], expected[name]) for name in expected)
    assert "Qformer.bert.embeddings.position_ids" in weights.unused


def test_golden_from_shards_and_half_precision(folder, golden):
    state = load_file(folder / "model.safetensors")
    names = sorted(state)
    parts = {"one.safetensors": names[::2], "two.safetensors": names[1::2]}
    for file, held in parts.items():
        save_file({name: state[name] for name in held}, folder / file)
    index = {"weight_map": {name: file for file, held in parts.items() for name in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()
    check_golden(QFormer(folder), golden)
    half = {name: array.astype(np.float16) for name, array in state.items()}
    save_file(half, folder / "model.safetensors")
    found = read_qformer(folder).state
    assert found["words"].dtype == np.float32
    assert np.abs(found["words"] - state["embeddings.word_embeddings.weight"]).max() < 1e-2


def test_blip2_config_with_its_inner_part(folder, golden):
    stated = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps({"model_type": "blip-2", "hidden_size": 7, "qformer_config": stated})
    )
    check_golden(QFormer(folder), golden)


def test_texts_become_features(folder):
    encoder = load_encoder("qformer", path=folder)
    encoded = encoder.encode("A dark road. A lamppost.")
    assert [token.text for token in encoded.tokens] == [
        "[CLS]", "a", "dark", "road", ".", "a", "lamp", "##post", ".", "[SEP]",
    ]  # fmt: skip
    assert encoded.features.shape == (10, 96)
    ids = [WORDS.index(token.text) for token in encoded.tokens]
    assert np.array_equal(encoded.features, encoder.features(ids))
    assert encoder.encode("").features.shape == (2, 96)
    both = encode_pair(encoder, "A road.", "A lamp.")
    assert both.features.shape == (10, 96)


def test_texts_beyond_the_positions_are_cut_and_said(folder):
    encoded = QFormer(folder).encode("A dark road. " * 30)
    assert len(encoded.tokens) <= 64
    assert encoded.kept.endswith(".") and encoded.cut
    assert encoded.kept + encoded.cut == "A dark road. " * 30


def test_published_size_equals_transformers(tmp_path):
    """BERT-base size, 149 tokens, random weights: the same numbers as the reference."""
    torch = pytest.importorskip("torch", reason="the reference runs on torch")
    from transformers import Blip2QFormerConfig
    from transformers.models.blip_2.modeling_blip_2 import (
        Blip2QFormerModel,
        Blip2TextEmbeddings,
    )

    torch.manual_seed(5)
    config = Blip2QFormerConfig(num_hidden_layers=2, use_qformer_text_input=True)
    config._attn_implementation = "eager"
    embeddings = Blip2TextEmbeddings(config)
    network = Blip2QFormerModel(config).eval()
    state = {f"qformer.{n}": v.detach().numpy() for n, v in network.state_dict().items()}
    state |= {
        f"embeddings.{n}": v.detach().numpy()
        for n, v in embeddings.state_dict().items()
        if v.dtype == torch.float32
    }
    save_file({n: np.ascontiguousarray(v) for n, v in state.items()}, tmp_path / "m.safetensors")
    encoder = QFormer(tmp_path / "m.safetensors")
    assert encoder.width == 768
    ids = np.random.default_rng(6).integers(0, 30_522, 149)
    with torch.no_grad():
        given = torch.from_numpy(ids)[None]
        expected = network(
            query_embeds=embeddings(input_ids=given), query_length=0,
            attention_mask=torch.ones(1, 149),
        ).last_hidden_state[0].numpy()  # fmt: skip
    assert np.abs(encoder.features(ids.tolist()) - expected).max() <= 1e-5
    pieces = [token.text for token in encoder.encode("A lamppost.").tokens]
    assert pieces == ["[CLS]", "a", "lamp", "##post", ".", "[SEP]"]
