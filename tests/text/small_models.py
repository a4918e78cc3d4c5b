"""Vision-language models small enough to be made on the spot, with random weights."""

from pathlib import Path

TOKENIZER = Path(__file__).resolve().parents[2] / "weights" / "text" / "minilm" / "tokenizer.json"
CHAT = (
    "{% for message in messages %}{{ message['role'] }} : "
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %} {% endfor %}{% if add_generation_prompt %}assistant : {% endif %}"
)


def _tokenizer(**extra):
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer.from_file(str(TOKENIZER))
    backend.no_truncation()  # else its 128 tokens would be saved with the model
    backend.no_padding()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
        unk_token="[UNK]", mask_token="[MASK]", bos_token="[CLS]", eos_token="[SEP]", **extra,
    )  # fmt: skip


def _outspoken(model):
    """Weights large enough for image and question to change the answer."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.data.normal_(0, 0.2)
    return model


def _image_processor(kind):
    return kind(size={"height": 32, "width": 32}, crop_size={"height": 32, "width": 32})


def make_captioner(folder):
    """BLIP: describes, takes no question."""
    import torch
    from transformers import (
        BertTokenizerFast,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipProcessor,
    )
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    torch.manual_seed(1)
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
             "intermediate_size": 64}  # fmt: skip
    config = BlipConfig(
        text_config={**small, "vocab_size": 30_522, "bos_token_id": 101, "eos_token_id": 102,
                     "sep_token_id": 102, "pad_token_id": 0, "encoder_hidden_size": 32,
                     "projection_dim": 32, "max_position_embeddings": 64},
        vision_config={**small, "image_size": 32, "patch_size": 8, "projection_dim": 32},
        projection_dim=32,
    )  # fmt: skip
    model = _outspoken(BlipForConditionalGeneration(config))
    model.generation_config.max_length = 24
    model.save_pretrained(folder)
    tokenizer = BertTokenizerFast(tokenizer_file=str(TOKENIZER))
    BlipProcessor(
        BlipImageProcessorPil(size={"height": 32, "width": 32}), tokenizer
    ).save_pretrained(folder)


def make_chat_model(folder):
    """LLaVA: a chat template, questions with and without an image."""
    import torch
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(2)
    tokenizer = _tokenizer(extra_special_tokens={"image_token": "<image>"})
    image = tokenizer.convert_tokens_to_ids("<image>")
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            image_size=32, patch_size=8, projection_dim=32,
        ),
        text_config=LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
            num_attention_heads=2, max_position_embeddings=256, bos_token_id=101,
            eos_token_id=102, pad_token_id=0,
        ),
        image_token_index=image, image_seq_length=16, vision_feature_select_strategy="default",
    )  # fmt: skip
    _outspoken(LlavaForConditionalGeneration(config)).save_pretrained(folder)
    LlavaProcessor(
        _image_processor(CLIPImageProcessorPil), tokenizer, patch_size=8,
        vision_feature_select_strategy="default", chat_template=CHAT, num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip


def make_blip2(folder):
    """BLIP-2 with OPT: asked in the form "Question: … Answer:"."""
    import torch
    from transformers import (
        Blip2Config,
        Blip2ForConditionalGeneration,
        Blip2Processor,
        OPTConfig,
    )
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    torch.manual_seed(3)
    tokenizer = _tokenizer()
    image_processor = BlipImageProcessorPil(size={"height": 32, "width": 32})
    processor = Blip2Processor(image_processor, tokenizer, num_query_tokens=4)  # adds <image>
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
             "intermediate_size": 64}  # fmt: skip
    config = Blip2Config(
        vision_config={**small, "image_size": 32, "patch_size": 8},
        qformer_config={**small, "encoder_hidden_size": 32, "vocab_size": 100},
        text_config=OPTConfig(
            vocab_size=len(tokenizer), hidden_size=32, word_embed_proj_dim=32, ffn_dim=64,
            num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=256,
            bos_token_id=101, eos_token_id=102, pad_token_id=0,
        ).to_dict(),
        num_query_tokens=4, image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    _outspoken(Blip2ForConditionalGeneration(config)).save_pretrained(folder)
    processor.save_pretrained(folder)
