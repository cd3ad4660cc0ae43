"""The networks of the radiogenomic study: sizes, dropout, constraint, and the encoder that they share."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rerad.core.errors import ConfigError
from rerad.models.autoencoder import Autoencoder
from rerad.models.dense import Dense, build, load_encoder

SMALL = {"widths": [6, 5, 4], "head": 3}


def sizes(network):
    return [(layer.in_features, layer.out_features) for layer in network.modules() if isinstance(layer, nn.Linear)]


def test_the_papers_sizes_at_full_width():
    with torch.device("meta"):
        whole, autoencoder = build({}, genes=12042, outputs=20), Autoencoder(12042, [2000, 1000, 500], "tanh")
        answer = whole(torch.empty(10, 12042)).values
        again = autoencoder(torch.empty(10, 12042)).values
    encoder = [(12042, 2000), (2000, 1000), (1000, 500)]
    assert sizes(whole) == [*encoder, (500, 250), (250, 20)]
    assert sizes(autoencoder) == [*encoder, (500, 1000), (1000, 2000), (2000, 12042)]
    assert (answer.shape, again.shape) == ((10, 20), (10, 12042))
    # Weights and biases: 12042 * 2000 + 2000 + 2000 * 1000 + 1000 + 1000 * 500 + 500 of the encoder, …
    assert sum(value.numel() for value in whole.parameters()) == 26_587_500 + 125_250 + 5_020
    assert sum(value.numel() for value in autoencoder.parameters()) == 26_587_500 + 26_587_500 - 3_500 + 3_000 + 12_042


def test_the_answer_is_that_of_the_written_out_layers():
    network = build(SMALL, genes=7, outputs=2).eval()
    genes = torch.randn(3, 7)
    hidden = genes.numpy()
    layers = [
        (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in (*network.encoder, network.head)
    ]
    for weight, bias in layers:
        hidden = np.maximum(hidden @ weight.T + bias, 0)
    expected = hidden @ network.output.weight.detach().numpy().T + network.output.bias.detach().numpy()
    assert np.allclose(network(genes).values.detach().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(("activation", "function"), [("tanh", np.tanh), ("sigmoid", lambda x: 1 / (1 + np.exp(-x)))])
def test_the_autoencoder_ends_with_its_activation(activation, function):
    network = Autoencoder(7, [5, 2], activation)
    genes = torch.randn(3, 7)
    hidden = genes.numpy()
    for layer in (*network.encoder, *network.decoder):
        hidden = function(hidden @ layer.weight.detach().numpy().T + layer.bias.detach().numpy())
    assert np.allclose(network(genes).values.detach().numpy(), hidden, atol=1e-6)


def test_dropout_is_at_the_input_and_after_the_encoders_layers_only(monkeypatch):
    seen = []
    network = build({**SMALL, "dropout": 0.25}, genes=7, outputs=2).train()
    assert network.dropout.p == 0.25
    network.dropout.register_forward_hook(lambda module, given, out: seen.append(given[0].shape[1]))
    network(torch.randn(3, 7))
    assert seen == [7, 6, 5, 4]


@pytest.mark.parametrize(("kind", "held"), [("output", 2), ("all", 10), ("none", 0)])
def test_the_constraint_holds_for_the_layers_that_it_names_and_changes_no_other(kind, held):
    network = build({**SMALL, "nonnegative": kind}, genes=7, outputs=2)
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(torch.linspace(-1, 1, value.numel()).reshape(value.shape))
    before = [value.detach().clone() for value in network.parameters()]
    network.constrain()
    for index, (value, old) in enumerate(zip(network.parameters(), before, strict=True)):
        constrained = index >= len(before) - held
        assert torch.equal(value, old.clamp(min=0) if constrained else old)


def test_constrained_it_is_never_negative_whatever_the_genes():
    network = build(SMALL, genes=7, outputs=5)
    with torch.no_grad():
        for value in network.parameters():
            value.normal_(std=10)
    network.constrain()
    assert float(network(1e4 * torch.randn(500, 7)).values.detach().min()) >= 0


def test_the_start_is_kerass_glorot_uniform_and_zero_biases():
    torch.manual_seed(0)
    network = Dense(300, 4, {"widths": [200], "head": 50, "dropout": 0.0, "nonnegative": "output"})
    weight = network.encoder[0].weight.detach()
    limit = (6 / (300 + 200)) ** 0.5
    assert float(weight.abs().max()) <= limit
    assert float(weight.std()) == pytest.approx(limit / 3**0.5, rel=0.01)
    assert not network.encoder[0].bias.detach().any()


def test_pretraining_hands_over_the_encoder_alone():
    autoencoder = Autoencoder(7, SMALL["widths"], "tanh")
    network = build(SMALL, genes=7, outputs=2)
    head = network.head.weight.detach().clone()
    load_encoder(network, autoencoder.encoder.state_dict())
    for ours, theirs in zip(network.encoder.parameters(), autoencoder.encoder.parameters(), strict=True):
        assert torch.equal(ours, theirs)
        assert ours.data_ptr() != theirs.data_ptr()
    assert torch.equal(network.head.weight.detach(), head)


def test_what_does_not_fit_is_refused_with_its_key():
    with pytest.raises(ConfigError, match=r"network\.widths"):
        load_encoder(build(SMALL, genes=7, outputs=2), Autoencoder(7, [6, 5, 3], "tanh").encoder.state_dict())
    with pytest.raises(ConfigError, match=r"network\.nonnegative"):
        build({**SMALL, "nonnegative": "some"}, genes=7, outputs=2)
    with pytest.raises(ConfigError, match="no setting width"):
        build({"width": 5}, genes=7, outputs=2)
    with pytest.raises(ConfigError, match=r"recipe\.autoencoder\.activation"):
        Autoencoder(7, [5], "relu")
