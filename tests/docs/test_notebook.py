"""The notebook runs from its first cell to its last and shows what it promises."""

import pytest

nbformat = pytest.importorskip("nbformat", reason="pip install -r requirements-dev.txt")
nbclient = pytest.importorskip("nbclient", reason="pip install -r requirements-dev.txt")


@pytest.mark.slow
def test_the_notebook_goes_from_arrays_to_figures(
    repository, random_weights, monkeypatch, tmp_path
):
    shipped = repository / "weights" / "film-ivf.safetensors"
    monkeypatch.setenv("FILM_WEIGHTS", str(shipped if shipped.is_file() else random_weights))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(repository / "docs" / "film_studio.ipynb", as_version=4)
    nbformat.validate(notebook)
    client = nbclient.NotebookClient(
        notebook, timeout=900, resources={"metadata": {"path": str(repository / "docs")}}
    )
    client.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    pictures = [
        output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 6
    printed = "".join(
        output.text for cell in cells for output in cell.outputs if output.output_type == "stream"
    )
    assert "ivf - in this order" in printed
    assert "grey levels of 255" in printed
    assert "VIFF rewards wrongly" in printed
