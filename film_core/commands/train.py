"""`train`: learn weights from prepared pairs, resumable at any step."""

import argparse
import shlex
import sys
from pathlib import Path

SUMMARY = "train FILM on prepared pairs, or resume a run"
EXAMPLES = """examples:
  python -m film_core train --task ivf --prepared prepared/RoadScene_train.h5 --name ivf
  python -m film_core train --task mif --prepared prepared/Harvard_train.h5 --name mif \\
      --preset film-studio --init film-ivf --set epochs=4 --set learning_rate=4e-4
  python -m film_core train --resume exp/20250101-120000_ivf
  mpirun -np 2 python -m film_core train --task ivf --prepared prepared/RoadScene_train.h5 \\
      --set batch=2
  python -m film_core train --presets

Writes exp/<time>_<name>/: code, model, pic_fusion, train.log, params.json, TensorBoard events.
Ctrl-C or a kill loses at most --save-minutes; resumed, the run ends with the same weights."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument(
        "--prepared", type=Path, nargs="+", action="extend", default=[],
        help="files of `prepare`; repeatable",
    )  # fmt: skip
    parser.add_argument("--task", help="ivf, mif, mef or mff")
    parser.add_argument("--name", default="film", help="name of the run and of its weights")
    parser.add_argument("--preset", default="film-studio", help="published or film-studio")
    parser.add_argument(
        "--set", action="append", default=[], metavar="SETTING=VALUE", dest="settings",
        help="change one setting of the preset; repeatable",
    )  # fmt: skip
    parser.add_argument("--init", help="weights to start from (default: random)")
    parser.add_argument("--resume", type=Path, help="folder of a run to carry on with")
    parser.add_argument("--kernels", default="fused", help="fused or plain")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--out", type=Path, default=Path("exp"), help="where runs are kept")
    parser.add_argument("--save-minutes", type=float, default=3, help="time between saves")
    parser.add_argument("--licence", default="MIT", help="licence of the weights, for their card")
    parser.add_argument("--presets", action="store_true", help="explain presets and loss terms")


def run(args: argparse.Namespace) -> int:
    """Train; raises FilmError with the sentence to show."""
    from film_core.commands.options import settings_of
    from film_core.data import open_prepared
    from film_core.errors import SettingError
    from film_core.runtime.mpi import launched_rank
    from film_core.tasks import find_task
    from film_core.training.experiment import Experiment, check_same
    from film_core.training.recipe import make_recipe, recipe_from_dict

    if args.presets:
        return _explain(args.device)
    leads = launched_rank() == 0
    if args.resume:
        experiment, params = Experiment.resume(args.resume, leads)
        if args.prepared or args.settings or args.init:
            wanted = _params(args, make_recipe(args.preset, settings_of(args.settings)))
            check_same(wanted, {key: params.get(key) for key in wanted}, args.resume)
    else:
        if not args.prepared:
            raise SettingError("train.prepared", "Name the prepared files with --prepared.")
        recipe = make_recipe(args.preset, settings_of(args.settings))
        params = _params(args, recipe)
        find_task(args.task or "")
        experiment = None
    recipe = recipe_from_dict(params["recipe"])
    files = open_prepared([Path(path) for path in params["prepared"]], params["task"])

    from film_core.runtime import start

    runtime = start(args.device)
    film = _network(params, files[0].width, recipe)
    if experiment is None:
        if leads:
            experiment = Experiment.begin(args.out, args.name, params)
        else:
            experiment = Experiment.followed(args.out)

    from film_core.training.trainer import Trainer

    trainer = Trainer(
        film, files, recipe, experiment, _card(params, files), save_every=60 * args.save_minutes
    )
    if args.resume:
        trainer.resume()
    experiment.log.info("%s, kernels %s, %s", experiment.folder, params["kernels"], runtime.device)
    trainer.train()
    return 0


def _params(args: argparse.Namespace, recipe) -> dict:
    return {
        "name": args.name,
        "task": (args.task or "").lower(),
        "prepared": [str(path) for path in args.prepared],
        "init": args.init or "",
        "kernels": args.kernels,
        "recipe": recipe.as_dict(),
        "licence": args.licence,
        "command": "python -m film_core " + shlex.join(sys.argv[1:]),
    }


def _network(params: dict, width: int, recipe):
    """Return the network with its initial weights: given ones, or the recipe's beginning."""
    import jittor as jt

    from film_core.checkpoints import load_film
    from film_core.errors import CheckpointError
    from film_core.net import Film

    if not params["init"]:
        from film_core.training.beginning import begin_from_rule

        jt.set_global_seed(recipe.seed)
        film = Film(text_width=width, kernels=params["kernels"])
        weights = {name: variable.numpy().copy() for name, variable in film.state_dict().items()}
        begin_from_rule(weights, recipe.beginning)
        film.load_state_dict(weights)
        return film
    film, card = load_film(params["init"], kernels=params["kernels"])
    if card.text_width != width:
        raise CheckpointError(
            "checkpoint.width",
            "The weights '{name}' take text features {seen} wide; the prepared files hold {width}.",
            name=params["init"], seen=card.text_width, width=width,
        )  # fmt: skip
    return film


def _card(params: dict, files: list):
    from film_core.checkpoints import Card

    listed = ", ".join(f"{file.dataset} ({len(file)})" for file in files)
    return Card(
        name=params["name"],
        task=params["task"],
        text_encoder=files[0].encoder,
        data=f"training lists of {listed} pairs",
        command=params["command"],
        seed=params["recipe"]["seed"],
        licence=params["licence"],
        notes=f"Started from {params['init']}." if params["init"] else "",
    )


def _explain(device: str) -> int:
    from film_core.runtime import start
    from film_core.training.recipe import PRESETS

    start(device)
    from film_core.training.losses import LOSS_TERMS

    for name, (sentence, recipe) in PRESETS.items():
        print(f"{name}: {sentence}")
        for key, value in recipe.as_dict().items():
            print(f"    {key:<18} {value}")
    print("loss terms:")
    for term in LOSS_TERMS.values():
        print(f"    {term.name:<18} {term.sentence}")
    return 0
