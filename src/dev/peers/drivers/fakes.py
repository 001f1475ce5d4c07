"""What the drivers share: JSON in and out, packages without their __init__, and fakes of modules that are not on trial."""

import json
import os
import sys
import types

SOURCES = os.environ["LAZARUS_PEERS_SOURCES"]


def package(name):
    """A package whose modules are the released files, but whose __init__ does not run."""
    module = types.ModuleType(name)
    module.__path__ = [os.path.join(SOURCES, *name.split("."))]
    sys.modules[name] = module


def fake(name, **members):
    """A module in place of one that needs a GPU or packages that are not here."""
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


def answer(work):
    """Prints what `work` makes of the JSON on standard input; an exception of the peer is an answer as well."""
    question = json.load(sys.stdin)
    answers = []
    for case in question:
        try:
            answers.append({"value": work(**case)})
        except Exception as error:  # judged by the caller
            answers.append({"error": f"{type(error).__name__}: {error}"})
    json.dump(answers, sys.stdout)
