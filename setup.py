"""What pyproject.toml can't say: the weights, which lie beside film_core, are installed in it."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["film_core", "film_core.*"]), "film_core.weights"],
    package_dir={"film_core.weights": "weights"},
    package_data={
        "film_core.instructions": ["wordings/*.json"],
        "film_core.kernels": ["cpp/**/*.hpp"],
        "film_core.weights": ["*.safetensors", "*.json", "text/minilm/*"],
    },
)
