"""The stubs say what the extension module has: every name, and every parameter of its functions."""

import ast
import inspect
from pathlib import Path

from spikenas import _spikenas

STUBS = ast.parse(Path(_spikenas.__file__).with_name("_spikenas.pyi").read_text())


def parameters(function):
    arguments = function.args
    plain = [a.arg for a in arguments.posonlyargs + arguments.args + arguments.kwonlyargs]
    return [*plain, *([arguments.kwarg.arg] if arguments.kwarg else [])]


def test_every_function_has_its_parameters_and_documentation():
    stubs = {node.name: node for node in STUBS.body if isinstance(node, ast.FunctionDef)}
    found = {name for name, value in vars(_spikenas).items() if inspect.isbuiltin(value)}
    assert found == set(stubs)
    for name, stub in stubs.items():
        function = getattr(_spikenas, name)
        assert list(inspect.signature(function).parameters) == parameters(stub), name
        assert function.__doc__, name


def test_every_member_of_a_run_is_there():
    (stub,) = (node for node in STUBS.body if isinstance(node, ast.ClassDef) and node.name == "Run")
    members = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
    found = {name for name in vars(_spikenas.Run) if not name.startswith("_")}
    assert found == set(members) - {"__new__"}
    for name in found:
        member = inspect.getattr_static(_spikenas.Run, name)
        assert member.__doc__, name
        if callable(member):
            assert list(inspect.signature(member).parameters) == parameters(members[name]), name
