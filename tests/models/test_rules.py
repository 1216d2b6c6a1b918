"""Patterns of names, and the assignment of rules to names."""

from __future__ import annotations

import fnmatch
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.models.assign import assigned

PLAN = ai.init_tree({"a": 2}, {"*": "ones"}, key=0, dry_run=True)


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "h.0.attn.bias", True),
        ("*.bias", "h.0.attn.bias", True),
        ("*.bias", "bias", False),
        ("h.?.bias", "h.1.bias", True),
        ("h.?.bias", "h.10.bias", False),
        ("h.[01].bias", "h.2.bias", False),
        ("*.Bias", "a.bias", False),
        ("layers[0].weight", "layers[0].weight", True),
        ("re:h", "re:h", True),
        (r"re:h\.\d+\.bias", "h.10.bias", True),
        (r"re:h\.\d+", "h.10.bias", False),
        (re.compile(r"h\.\d+\.bias", re.IGNORECASE), "H.1.BIAS", True),
        (re.compile("bias"), "a.bias", False),
        ("*", "line\nbreak", True),
        ("**", "", True),
        ("a*", "a", True),
        ("ab*ba", "aba", False),
        ("ab*ba", "abba", True),
        ("a*b*c", "a.c.b.c", True),
        ("a*bc*c", "abc", False),
        ("*.ln_*.bias", "h.0.ln_1.bias", True),
        ("*.ln_*.bias", "h.0.ln_.bias.weight", False),
        ("plain", "plains", False),
    ],
)
def test_a_pattern_is_for_whole_names(pattern, name, matches):
    assert ai.Rule(pattern, "zeros").matches(name) is matches


@given(st.text("ab*.\n", min_size=1, max_size=8), st.text("ab.\n", max_size=12))
def test_stars_are_those_of_fnmatch(pattern, name):
    assert ai.Rule(pattern, "zeros").matches(name) is fnmatch.fnmatchcase(name, pattern)


def test_a_rule_given_twice_is_used():
    rule = ai.Rule("*", "ones")
    assert assigned(["a", "b"], [rule, rule]) == (rule, rule)


def test_a_rule_is_a_value():
    rule = ai.Rule("*", {"name": "normal", "std": 0.02}, dtype="torch.bfloat16")
    assert rule == ai.Rule("*", ai.normal(std=0.02), "bfloat16")
    assert len({rule, ai.Rule("*", ai.normal(std=0.02), "bfloat16")}) == 1
    assert ai.Rule(re.compile("a"), "ones").text == "re:a"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: ai.Rule("", "zeros"), ParameterError, "`pattern` must not be empty"),
        (lambda: ai.Rule(3, "zeros"), ParameterTypeError, "`pattern` must be a string"),
        (lambda: ai.Rule(re.compile(b"a"), "zeros"), ParameterTypeError, "of strings"),
        (lambda: ai.Rule("re:(", "zeros"), ParameterError, "valid regular expression"),
        (lambda: ai.Rule("a", "zeroes"), ParameterError, r"rule 'a': `name` .*zeros"),
        (lambda: ai.Rule("a", 3), ParameterTypeError, "rule 'a': `initializer` must be an init"),
        (lambda: ai.Rule("a", PLAN), ParameterTypeError, r"must be an initializer, .* got Plan\("),
        (
            lambda: ai.Rule("a", ai.normal),
            ParameterTypeError,
            r"the class normal; try: ai.normal\(",
        ),
        (lambda: ai.Rule("a", ai.he_normal), ParameterTypeError, "got the function he_normal; try"),
        (lambda: ai.Rule("a", "ones", dtype=3), ParameterTypeError, "`dtype` must be a dtype"),
    ],
)
def test_a_bad_rule_says_what_is_wrong(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_the_first_match_wins():
    rules = [ai.Rule("*.bias", "zeros"), ai.Rule("*", "ones")]
    assert assigned(["a.weight", "a.bias"], rules) == (rules[1], rules[0])


def test_what_is_left_over_is_listed_with_the_closest():
    names = ["h.0.attn.c_attn.weight", "h.0.attn.c_attn.bias", "wte"]
    rules = [ai.Rule("*.bias", "zeros"), ai.Rule("h.0.attn.c_atn.weight", "ones")]
    with pytest.raises(ParameterError) as caught:
        assigned(names, rules)
    said = str(caught.value)
    assert "got none for 2 of 3: 'h.0.attn.c_attn.weight', 'wte'" in said
    assert "'h.0.attn.c_atn.weight', which matches nothing, is close" in said
    assert "got 1 of 2 that no parameter needs" in said
    assert "the closest is 'h.0.attn.c_attn.weight'" in said


def test_long_lists_are_shortened():
    with pytest.raises(ParameterError, match=r"none for 1000 of 1001: 'a0', .* and 992 more; try"):
        assigned(["b", *(f"a{n}" for n in range(1000))], [ai.Rule("b", "zeros")])


def test_a_rule_after_one_that_takes_all_is_unused():
    rules = [ai.Rule("*", "ones"), ai.Rule("*.bias", "zeros")]
    with pytest.raises(ParameterError, match=r"'\*.bias' \(it comes after '\*'"):
        assigned(["a.bias"], rules)
    twice = [ai.Rule("*", "ones"), ai.Rule("*", "ones")]
    with pytest.raises(ParameterError, match="must all be used"):
        assigned(["a"], twice)


def by_width(name, shape):
    return ai.normal(std=shape[-1] ** -0.5) if len(shape) > 1 else "zeros"


def test_an_initializer_may_be_a_function_of_name_and_shape():
    specs = {"a.weight": (4, 16), "b.weight": (2, 4), "a.bias": 4}
    made = ai.init_tree(specs, [("*", by_width)], key=0)
    for name, width in {"a.weight": 16, "b.weight": 4}.items():
        init = ai.normal(std=width**-0.5)
        np.testing.assert_array_equal(made[name], init(specs[name], key=ai.key(0).fold_in(name)))
    assert not made["a.bias"].any()
    filled = {name: np.empty_like(each) for name, each in made.items()}
    ai.fill_tree(filled, {"*": by_width}, key=0)
    for name, each in made.items():
        np.testing.assert_array_equal(filled[name], each)
    plan = ai.plan_tree(specs, {"*": by_width}, key=0)
    assert plan["b.weight"].initializer == ai.normal(std=0.5)
    again = ai.plan_tree(specs, [each.rule for each in plan], key=0)
    assert [each.initializer for each in again] == [each.initializer for each in plan]


@pytest.mark.parametrize(
    ("function", "error", "said"),
    [
        (lambda name, shape: None, ai.ParameterTypeError, "parameter 'a', rule '*': `initializer`"),
        (lambda name, shape: "one", ai.ParameterError, "must be that of an initializer"),
        (lambda name, shape: ai.orthogonal(), ai.ParameterError, "parameter 'a'"),
        (ai.normal, ai.ParameterTypeError, "the class normal"),
        (ai.he_normal, ai.ParameterTypeError, "the function he_normal"),
    ],
)
def test_functions_that_return_no_initializer(function, error, said):
    array = np.zeros(3)
    with pytest.raises(error) as caught:
        ai.fill_tree({"a": array}, {"*": function}, key=0)
    assert said in str(caught.value)
    assert not array.any()
