"""`valaro train`: the model that is then used."""

import shlex

from valaro.cli.arguments import AsJson, Changes, DataFile, Run, SettingsFile, Workers


def run(
    settings: SettingsFile,
    to: Run,
    change: Changes = None,
    data: DataFile = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Train one model for valence and one for arousal, on all labelled sessions but one, which validates.

    The settings must name one model, or "auto". There is work for one process per dimension.
    """
    from valaro.cli.alarms import list_alarms
    from valaro.cli.console import print_json, progress, say, warn
    from valaro.experiments.final_model import train_final
    from valaro.experiments.settings import read_settings

    checked = read_settings(settings, change or [], data=data)
    with progress("train", "model") as count:
        models = train_final(checked, to, workers=workers, on_progress=count, on_warning=warn)
    for model in models:
        say(
            f"{model.dimension}: {model.label}, validation UAR {100 * model.validation_uar:.1f} % "
            f"(it chose the checkpoint: optimistic), {model.labelled} labelled, {model.unlabelled} unlabelled"
        )
        if model.others:
            others = ", ".join(f"{label} {100 * uar:.1f} %" for label, uar in model.others)
            margin = 100 * (model.validation_uar - model.others[0][1])
            say(f"  chosen by validation with {margin:.1f} points to the next: {others}")
    say(f"run -> {to}    next: valaro predict {shlex.quote(str(to))} RECORDING --to timeline.html")
    if as_json:
        print_json({"run": to, "models": models})
    list_alarms((model.label, model.dimension, model.alarms) for model in models)
