"""The page's one design: a neutral room for pictures, two accents for the two sources.

Grey surroundings keep the eye's judgement of a picture honest; ember stands for source A, teal for
source B, ink for what can be pressed. Fonts are this folder's or the system's: nothing is fetched.
"""

from gradio.themes import Base
from gradio.themes.utils import colors, sizes

TEXT_FONTS = (
    "Inter Local", "system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "PingFang SC",
    "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "sans-serif",
)  # fmt: skip
CODE_FONTS = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")

INK = colors.Color(
    "#f6f6f5", "#ececea", "#dededb", "#c5c6c3", "#9b9da0", "#6d7076",
    "#52555b", "#3a3c41", "#27292d", "#1b1c1f", "#131416", name="ink",
)  # fmt: skip


def studio_theme() -> Base:
    """Return the theme; what Gradio's variables don't reach is in `style.css`."""
    theme = Base(
        primary_hue=INK,
        secondary_hue=INK,
        neutral_hue=INK,
        radius_size=sizes.radius_md,
        text_size=sizes.text_md,
        font=TEXT_FONTS,
        font_mono=CODE_FONTS,
    )
    return theme.set(
        body_background_fill="#f4f4f2",
        body_background_fill_dark="#131416",
        body_text_color="#1b1c1f",
        body_text_color_dark="#ececea",
        body_text_color_subdued="#55585e",
        body_text_color_subdued_dark="#a8abb1",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1b1c1f",
        background_fill_secondary="#f4f4f2",
        background_fill_secondary_dark="#131416",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1b1c1f",
        block_border_width="0px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_text_color="#55585e",
        block_label_text_color_dark="#a8abb1",
        block_title_text_weight="500",
        block_title_text_color="#1b1c1f",
        block_title_text_color_dark="#ececea",
        border_color_primary="#dcdcd8",
        border_color_primary_dark="#323439",
        input_background_fill="#ffffff",
        input_background_fill_dark="#131416",
        input_border_color="#b9bab6",
        input_border_color_dark="#4a4d53",
        input_border_color_focus="#1f6e89",
        input_border_color_focus_dark="#6cc3de",
        input_border_width="1px",
        button_primary_background_fill="#1b1c1f",
        button_primary_background_fill_hover="#35373c",
        button_primary_background_fill_dark="#ececea",
        button_primary_background_fill_hover_dark="#ffffff",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#131416",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="#ececea",
        button_secondary_background_fill_dark="#1b1c1f",
        button_secondary_background_fill_hover_dark="#27292d",
        button_secondary_border_color="#b9bab6",
        button_secondary_border_color_dark="#4a4d53",
        button_secondary_text_color="#1b1c1f",
        button_secondary_text_color_dark="#ececea",
        button_border_width="1px",
        button_large_radius="10px",
        checkbox_label_background_fill_selected="#1b1c1f",
        checkbox_label_background_fill_selected_dark="#ececea",
        checkbox_label_text_color_selected="#ffffff",
        checkbox_label_text_color_selected_dark="#131416",
    )
