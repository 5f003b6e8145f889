"""The stubs say what the extension module has: every name, and every parameter of its functions."""

import ast
import inspect
from pathlib import Path

import pytest
import spikenas
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


@pytest.mark.parametrize("name", ["Dataset", "Recording", "Run"])
def test_every_member_of_a_class_is_there(name):
    (stub,) = (node for node in STUBS.body if isinstance(node, ast.ClassDef) and node.name == name)
    kind = getattr(_spikenas, name)
    members = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
    found = {name for name in vars(kind) if not name.startswith("_")}
    assert found == {name for name in members if not name.startswith("_")}
    assert list(inspect.signature(kind).parameters) == parameters(members["__new__"])[1:]
    for name in found:
        member = inspect.getattr_static(kind, name)
        assert getattr(kind, name).__doc__, name
        if callable(member):
            assert list(inspect.signature(member).parameters) == parameters(members[name]), name


def test_what_the_package_offers_is_documented_and_typed():
    for name in set(spikenas.__all__) - {"__version__"}:
        value = getattr(spikenas, name)
        assert value.__doc__, name
        if inspect.isfunction(value):
            signature = inspect.signature(value)
            untyped = [one.name for one in signature.parameters.values() if one.annotation is one.empty]
            assert not untyped and signature.return_annotation is not signature.empty, (name, untyped)
    assert Path(spikenas.__file__).with_name("py.typed").exists()
