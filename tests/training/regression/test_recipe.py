"""What the recipe of a regression may say."""

from __future__ import annotations

import pytest
from tiny_genes import ENTRY, entry

from rerad.core.errors import ConfigError
from rerad.training.regression.recipe import choice_for, chosen_rates, read_plan


def test_network_and_autoencoder_have_recipes_of_their_own_and_share_the_machine():
    plan = read_plan(entry(threads=2, precision="bf16"))
    assert (plan.network.loss, plan.autoencoder.loss) == ({"values": "mae"}, {"values": "mse"})
    assert (plan.network.epochs, plan.autoencoder.epochs) == (3, 2)
    assert (plan.autoencoder.threads, plan.autoencoder.precision) == (2, "bf16")
    assert plan.autoencoder.optimiser["momentum"] == 0.2
    assert (plan.activation, plan.variants) == ("tanh", ("published", "fold_safe"))


def test_without_an_autoencoder_there_is_none_and_the_first_variant_is_the_published():
    recipe = {key: ENTRY["recipe"][key] for key in ("epochs", "batch", "optimiser")}
    plan = read_plan({**ENTRY, "recipe": recipe})
    assert (plan.autoencoder, plan.variants) == (None, ("published",))


def test_whose_rates_are_taken_is_no_matter_of_the_recipe():
    assert read_plan(entry(rates_of="nn_pretrained_dropout")) == read_plan(entry())


def test_chosen_rates_replace_those_two_alone():
    plan = read_plan(ENTRY)
    recipe = chosen_rates(plan.network, {"lr": 0.3, "decay": 5e-5})
    assert recipe.optimiser == {"name": "keras_sgd", "lr": 0.3, "momentum": 0.5, "decay": 5e-5}
    assert chosen_rates(plan.network, {}) == plan.network


def test_a_variant_takes_its_choice():
    found = {"2": {"published": {"network": {"lr": 1}}, "nested": {"network": {"lr": 2}}}}
    assert choice_for(found, 2, "published") == choice_for(found, 2, "fold_safe") == {"network": {"lr": 1}}
    assert choice_for(found, 2, "nested") == {"network": {"lr": 2}}
    assert choice_for({}, 2, "published") == {}
    with pytest.raises(ConfigError, match="nothing was chosen inside fold 2"):
        choice_for({}, 2, "nested")


@pytest.mark.parametrize(("changes", "where"), [
    ({"epochs": 0}, r"recipe\.epochs"),
    ({"augmentation": {}}, r"recipe\.augmentation"),
    ({"variants": ["fold_safest"]}, r"recipe\.variants"),
    ({"variants": []}, r"recipe\.variants"),
    ({"optimiser": {"name": "keras_sgd", "lr": 0.1, "weight_decay": 1}}, r"recipe\.optimiser\.weight_decay"),
    ({"optimiser": {"name": "keras_sgd", "lr": 0.1, "decay": -1}}, r"recipe\.optimiser\.decay"),
    ({"autoencoder": {**ENTRY["recipe"]["autoencoder"], "batch": 0}}, r"recipe\.autoencoder\.batch"),
    ({"autoencoder": {"epochs": 3}}, r"recipe\.autoencoder"),
])  # fmt: skip
def test_what_does_not_do_is_refused_with_its_key(changes, where):
    with pytest.raises(ConfigError, match=where):
        read_plan(entry(**changes))
