"""`train-steer`: teach words to act where and as they say, resumable at any step."""

import argparse
from pathlib import Path

SUMMARY = "train the steering branch on train lists, or resume a run"
EXAMPLES = """examples:
  python -m film_core train-steer --data ../shared/data/VLFDataset
  python -m film_core train-steer --data VLFDataset --set steps=2000 --set pool=5000
  python -m film_core train-steer --resume exp/20250101-120000_film-steer

First fuses the scenes with the exact weights of each task and encodes the sentences, once, into
--material; then writes exp/<time>_<name>/, with the weights of all four tasks in model/. Ctrl-C or
a kill loses at most --save-minutes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument("--data", type=Path, help="folder that holds Image/<task>/<data set>")
    parser.add_argument(
        "--material", type=Path,
        help="where fused scenes and encoded sentences are kept (default: exp/steer)",
    )  # fmt: skip
    parser.add_argument("--name", help="name of the run and of its weights (default: film-steer)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="SETTING=VALUE", dest="settings",
        help="change one setting; repeatable (see film_core/training/steer/recipe.py)",
    )  # fmt: skip
    parser.add_argument("--init", help="weights of a branch to start from (default: random)")
    parser.add_argument("--resume", type=Path, help="folder of a run to carry on with")
    parser.add_argument("--out", type=Path, help="where runs are kept (default: exp)")
    parser.add_argument("--save-minutes", type=float, default=2, help="time between saves")


def run(args: argparse.Namespace) -> int:
    """Train; raises FilmError with the sentence to show."""
    from film_core.commands.options import (
        check_name,
        command_line,
        settings_of,
        stage_printer,
    )
    from film_core.errors import SettingError
    from film_core.training.experiment import Experiment, check_same
    from film_core.training.steer.recipe import SteerRecipe

    if args.resume:
        experiment, params = Experiment.resume(args.resume)
        recipe = SteerRecipe(**params["recipe"])
        check_same(*_given(args, params, recipe), args.resume)
    else:
        check_name(args.name)
        experiment, recipe = None, SteerRecipe().changed(settings_of(args.settings))
        params = {
            "name": args.name or "film-steer",
            "material": str(args.material or Path("exp/steer")),
            "init": args.init or "",
            "recipe": recipe.as_dict(),
            "command": command_line(),
        }
    material = Path(params["material"])
    if not args.data and not (material / "scenes.npz").is_file():
        raise SettingError(
            "steer.data", "Name the folder of image pairs with --data: '{path}' has no scenes yet.",
            path=str(material),
        )  # fmt: skip
    from film_core.runtime import start

    start("cpu")
    import jittor as jt
    import numpy as np

    from film_core.checkpoints import Card, read_branch
    from film_core.net.steer import SteerBranch
    from film_core.text.minilm import MiniLM
    from film_core.training.steer.trainer import SteerTrainer

    encoder = MiniLM(threads=1)
    scenes, pool = _material(args.data, material, recipe, encoder, stage_printer())
    if experiment is None:
        experiment = Experiment.begin(args.out or Path("exp"), params["name"], params)
    experiment.log.info("%s", command_line())
    jt.set_global_seed(recipe.seed)
    branch = SteerBranch()
    if params["init"]:
        state, _ = read_branch(params["init"])
        state.pop("empty_text")
        branch.load_state_dict(state)
    pairs = len({scene.pair for scene in scenes})
    card = Card(
        name=params["name"], text_encoder=encoder.name, seed=recipe.seed, licence="MIT",
        data=f"{pairs} pairs of the train lists, {len(scenes) - pairs} damaged versions of them, "
        f"{len(pool.sentences)} sentences",
        command=params["command"],
        notes="One training for all four tasks; the exact network's weights stay in their file."
        + (f" Started from {params['init']}." if params["init"] else ""),
    )  # fmt: skip
    nothing = encoder.encode("").features
    trainer = SteerTrainer(
        branch, scenes, pool, np.concatenate([nothing, nothing]), recipe, experiment, card,
        60 * args.save_minutes,
    )  # fmt: skip
    if args.resume:
        trainer.resume()
    trainer.train()
    return 0


def _given(args: argparse.Namespace, params: dict, recipe) -> tuple[dict, dict]:
    """Return {option: value} of what was given beside --resume, and of the run for the same."""
    from film_core.commands.options import given_of, settings_of

    changes = settings_of(args.settings)
    wanted = recipe.changed(changes).as_dict()
    options = {
        "--name": (args.name, params["name"]),
        "--material": (args.material and str(args.material), params["material"]),
        "--init": (args.init, params["init"]),
        "--out": (args.out and str(args.out.resolve()), str(args.resume.resolve().parent)),
        **{f"--set {name}": (wanted[name], params["recipe"][name]) for name in changes},
    }
    return given_of(options)


def _material(data: Path | None, folder: Path, recipe, encoder, progress):
    """Return scenes and sentences, made where they aren't there yet."""
    from film_core.training.steer.scenes import make_scenes, read_scenes
    from film_core.training.steer.sentences import make_pool, read_pool

    folder.mkdir(parents=True, exist_ok=True)
    scenes = folder / "scenes.npz"
    pool = folder / f"pool-{recipe.pool}-{recipe.seed}.npz"  # both settings decide what is in it
    if data:
        found = make_scenes(data, _neutral_fusion(), scenes, progress=progress)
    else:
        found = read_scenes(scenes)
    if pool.is_file():
        return found, read_pool(pool)
    written = _descriptions(found)
    return found, make_pool(encoder, recipe.pool, pool, recipe.seed, progress, written)


def _descriptions(scenes: list) -> list[str]:
    """Return what the describer writes of both sources of every scene; it asks for nothing."""
    from film_core.images import pair, read_image
    from film_core.tasks import find_task
    from film_core.text import load_describer

    describer, written = load_describer(), []
    for scene in scenes:
        both, task = pair(read_image(scene.a), read_image(scene.b)), find_task(scene.task)
        written.append(describer.describe(both.a, both.b, task, "a").text)
        written.append(describer.describe(both.b, both.a, task, "b").text)
    return written


def _neutral_fusion():
    """Return what fuses with each task's exact weights and empty texts, loaded when needed."""
    from film_core.checkpoints import weights_for_task
    from film_core.fusion import load_fuser
    from film_core.text import encode_pair

    fusers = {}

    def fuse(task: str, a, b):
        weights = weights_for_task(task)
        if weights not in fusers:
            fusers[weights] = load_fuser(weights, "cpu")
        fuser = fusers[weights]
        fuser.set_images(a, b, task)
        return fuser.fuse_features(encode_pair(fuser.encoder, "", "").features)

    return fuse
