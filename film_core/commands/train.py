"""`train`: learn weights from prepared pairs, resumable at any step."""

import argparse
from pathlib import Path

SUMMARY = "train FILM on prepared pairs, or resume a run"
EXAMPLES = """examples:
  python -m film_core train --task ivf --prepared prepared/RoadScene_train_small.h5 --name ivf
  python -m film_core train --task mif --prepared prepared/Harvard_train.h5 --name mif \\
      --preset film-studio --init film-ivf --set epochs=4 --set learning_rate=4e-4
  python -m film_core train --resume exp/20250101-120000_ivf
  mpirun -np 2 python -m film_core train --task ivf --prepared prepared/RoadScene_train_small.h5
  python -m film_core train --presets

The published preset takes whole pairs, all of one size: prepare them with --size small.

Writes exp/<time>_<name>/: code, model, pic_fusion, train.log, params.json, TensorBoard events.
Ctrl-C or a kill loses at most --save-minutes; resumed, the run ends with the same weights."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`; None stands for what was not given."""
    from film_core.training.recipe import DEFAULT_PRESET, PRESETS

    parser.add_argument(
        "--prepared", type=Path, nargs="+", action="extend", default=[],
        help="files of `prepare`; repeatable",
    )  # fmt: skip
    parser.add_argument("--task", help="ivf, mif, mef or mff")
    parser.add_argument("--name", help="name of the run and of its weights (default: film)")
    parser.add_argument("--preset", help=f"one of {', '.join(PRESETS)} (default: {DEFAULT_PRESET})")
    parser.add_argument(
        "--set", action="append", default=[], metavar="SETTING=VALUE", dest="settings",
        help="change one setting of the preset; repeatable",
    )  # fmt: skip
    parser.add_argument("--init", help="weights to start from (default: random)")
    parser.add_argument("--resume", type=Path, help="folder of a run to carry on with")
    parser.add_argument("--kernels", help="fused (default) or plain")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--out", type=Path, help="where runs are kept (default: exp)")
    parser.add_argument("--save-minutes", type=float, default=3, help="time between saves")
    parser.add_argument("--licence", help="licence of the weights, for their card (default: MIT)")
    parser.add_argument("--presets", action="store_true", help="explain presets and loss terms")


def run(args: argparse.Namespace) -> int:
    """Train; raises FilmError with the sentence to show."""
    from film_core.commands.options import check_name, command_line, settings_of
    from film_core.data import open_prepared
    from film_core.errors import SettingError
    from film_core.runtime.mpi import launched_rank
    from film_core.tasks import find_task
    from film_core.training.experiment import Experiment, check_same
    from film_core.training.recipe import DEFAULT_PRESET, make_recipe, recipe_from_dict

    if args.presets:
        return _explain(args.device)
    leads = launched_rank() == 0
    if args.resume:
        experiment, params = Experiment.resume(args.resume, leads)
        check_same(*_given(args, params), args.resume)
    else:
        if not args.prepared:
            raise SettingError("train.prepared", "Name the prepared files with --prepared.")
        check_name(args.name)
        recipe = make_recipe(args.preset or DEFAULT_PRESET, settings_of(args.settings))
        params = _params(args, recipe)
        find_task(args.task or "")
        experiment = None
    recipe = recipe_from_dict(params["recipe"])
    files = open_prepared([Path(path) for path in params["prepared"]], params["task"])
    _check_files(files, params, args.resume)

    from film_core.runtime import start

    runtime = start(args.device)
    film, init = _network(params, files[0].width, recipe, resumed=experiment is not None)
    if experiment is None:
        params["init_card"] = init.as_dict() if init else None
        root = args.out or Path("exp")
        if leads:
            experiment = Experiment.begin(root, params["name"], params)
        else:
            experiment = Experiment.followed(root)
    experiment.log.info("%s", command_line())

    from film_core.training.trainer import Trainer

    trainer = Trainer(
        film, files, recipe, experiment, _card(params, files, init), 60 * args.save_minutes, init
    )
    if args.resume:
        trainer.resume()
    experiment.log.info("%s, kernels %s, %s", experiment.folder, params["kernels"], runtime.device)
    trainer.train()
    return 0


def _params(args: argparse.Namespace, recipe) -> dict:
    from film_core.commands.options import command_line

    return {
        "name": args.name or "film",
        "task": (args.task or "").lower(),
        "prepared": [str(path) for path in args.prepared],
        "init": args.init or "",
        "kernels": args.kernels or "fused",
        "recipe": recipe.as_dict(),
        "licence": args.licence or "MIT",
        "command": command_line(),
    }


def _given(args: argparse.Namespace, params: dict) -> tuple[dict, dict]:
    """Return {option: value} of what was given beside --resume, and of the run for the same."""
    from film_core.commands.options import given_of, settings_of
    from film_core.training.recipe import make_recipe, recipe_from_dict

    had = recipe_from_dict(params["recipe"]).as_dict()
    changes = settings_of(args.settings)
    wanted = make_recipe(had["preset"], changes).as_dict()
    options = {
        "--task": (args.task and args.task.lower(), params["task"]),
        "--prepared": ([str(path) for path in args.prepared], params["prepared"]),
        "--name": (args.name, params["name"]),
        "--preset": (args.preset, had["preset"]),
        "--init": (args.init, params["init"]),
        "--kernels": (args.kernels, params["kernels"]),
        "--licence": (args.licence, params["licence"]),
        "--out": (args.out and str(args.out.resolve()), str(args.resume.resolve().parent)),
        **{f"--set {name}": (wanted[name], had[name]) for name in changes},
    }
    return given_of(options)


def _check_files(files: list, params: dict, folder: Path | None) -> None:
    """Refuse test lists, and other pairs than a run was begun with.

    The digests of a new run are put into `params`; runs of earlier versions have none.
    """
    from film_core.errors import SettingError
    from film_core.training.experiment import TrainingError

    for file in files:
        if file.split == "test" or file.holds_test_list:
            raise SettingError(
                "train.test_list",
                "'{path}' holds the test list of {dataset}: what is trained on it can't be tested "
                "on it any more; prepare with --split train.",
                path=str(file.path), dataset=file.dataset,
            )  # fmt: skip
    digests = {path: file.digest() for path, file in zip(params["prepared"], files, strict=True)}
    for path, digest in params.setdefault("digests", digests).items():
        if folder is not None and digest != digests.get(path):
            raise TrainingError(
                "training.other_data",
                "'{path}' holds other pairs, or pairs prepared in another way, than when the run "
                "in '{folder}' began; prepare it as it was, or start a new run with --init.",
                path=path, folder=str(folder),
            )  # fmt: skip


def _network(params: dict, width: int, recipe, resumed: bool):
    """Return the network with its initial weights, given ones or the recipe's beginning, and the
    card that the given ones had when the run began (None without).

    A resumed run has all weights in its state, and needs no others.
    """
    import jittor as jt

    from film_core.checkpoints import Card, load_film
    from film_core.errors import CheckpointError
    from film_core.net import Film

    if not params["init"]:
        from film_core.training.beginning import begin_from_rule

        jt.set_global_seed(recipe.seed)
        film = Film(text_width=width, kernels=params["kernels"])
        weights = {name: variable.numpy().copy() for name, variable in film.state_dict().items()}
        begin_from_rule(weights, recipe.beginning)
        film.load_state_dict(weights)
        return film, None
    if resumed and params.get("init_card"):
        return Film(text_width=width, kernels=params["kernels"]), Card(**params["init_card"])
    film, card = load_film(params["init"], kernels=params["kernels"])
    if card.text_width != width:
        raise CheckpointError(
            "checkpoint.width",
            "The weights '{name}' take text features {seen} wide; the prepared files hold {width}.",
            name=params["init"], seen=card.text_width, width=width,
        )  # fmt: skip
    return film, Card(**params["init_card"]) if params.get("init_card") else card


def _card(params: dict, files: list, init):
    from film_core.checkpoints import Card
    from film_core.training.held_out import all_data

    return Card(
        name=params["name"],
        task=params["task"],
        text_encoder=files[0].encoder,
        data=all_data(_data(files), init),
        command=params["command"],
        seed=params["recipe"]["seed"],
        licence=params["licence"],
        notes=f"Started from {params['init']}." if params["init"] else "",
    )


def _data(files: list) -> str:
    """Return in words what was trained on: "training lists of TNO (11), MSRS (9) pairs"."""
    words = {"train": "training lists of", "all": "all of"}
    parts = []
    for split in dict.fromkeys(file.split for file in files):
        listed = ", ".join(f"{f.dataset} ({len(f)})" for f in files if f.split == split)
        parts.append(f"{words.get(split, 'prepared files of')} {listed} pairs")
    return "; ".join(parts)


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
