# tests/diff/diff as a module: its name has no ending by which Python would find it.
import importlib.machinery
import importlib.util
import pathlib
import sys


def load():
    """The module; what it cannot do without ends the program, as it does there."""
    loader = importlib.machinery.SourceFileLoader("diff_command", str(pathlib.Path(__file__).with_name("diff")))
    spec = importlib.util.spec_from_loader("diff_command", loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module
