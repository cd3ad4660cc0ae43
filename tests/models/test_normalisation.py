import pytest
import torch
from torch import nn

from rerad.core.errors import ConfigError
from rerad.models.initialise import initialise, inputs_of_an_output
from rerad.models.normalisation import GroupNorm, norm_layer, replace_batch_norm
from rerad.models.padding import check_sides, crop, pad, padded_shape


@pytest.mark.parametrize("training", [True, False])
def test_batch_takes_the_statistics_of_the_batch_at_evaluation_too(training):
    layer = norm_layer("batch", 2).train(training)
    values = torch.tensor([[[1.0, 3.0], [10.0, 10.0]]])
    # Mean 2, variance 1; a constant channel becomes 0.
    assert torch.allclose(layer(values), torch.tensor([[[-1.0, 1.0], [0.0, 0.0]]]), atol=1e-4)
    assert not [name for name, _ in layer.named_buffers()]


def test_running_agrees_with_torch_in_training_and_evaluation():
    torch.manual_seed(0)
    ours, reference = norm_layer("running", 3), nn.BatchNorm3d(3)
    for _ in range(3):
        values = torch.randn(2, 3, 4, 5, 6) * 2 + 1
        assert torch.equal(ours(values), reference(values))
    assert torch.equal(ours.eval()(values), reference.eval()(values))
    assert ours.state_dict().keys() == reference.state_dict().keys()


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1), (1, 3, 1, 1, 1)])
def test_a_single_value_passes_and_keeps_its_gradient(shape):
    values = torch.arange(1.0, 4.0).reshape(shape).requires_grad_()
    layer = norm_layer("batch", 3)
    layer(values).sum().backward()
    assert torch.equal(values.grad, torch.ones(shape))
    running = norm_layer("running", 3).train()
    with torch.no_grad():
        running.running_mean.fill_(1.0)
        running.running_var.fill_(4.0)
        found = running(values).flatten()
        assert torch.allclose(found, torch.tensor([0.0, 0.5, 1.0]), atol=1e-4)
        assert torch.allclose(running.eval()(values).flatten(), found)
    assert int(running.num_batches_tracked) == 0


@pytest.mark.parametrize(
    ("norm", "channels", "groups"),
    [
        ("group:4", 16, 4),
        ("group:8", 48, 6),
        ("group:16", 256, 16),
        ("group:16", 4, 1),
        ("group:4", 2, 1),
        ("group:16|1", 64, 4),
        ("group:16|1", 24, 1),
        ("group:16|1", 12, 1),
        ("groups:4", 64, 4),
        ("groups:2", 2, 1),
    ],
)
def test_groups(norm, channels, groups):
    assert norm_layer(norm, channels).num_groups == groups


def test_groups_are_torchs_and_single_values_pass():
    torch.manual_seed(0)
    values = torch.randn(2, 8, 3, 3)
    assert torch.equal(norm_layer("group:2", 8)(values), nn.GroupNorm(4, 8)(values))
    single = torch.arange(8.0).reshape(2, 4, 1, 1, 1)
    layer = norm_layer("group:1", 4)
    with torch.no_grad():
        layer.weight.fill_(2.0)
        layer.bias.fill_(1.0)
    assert torch.equal(layer(single), 2.0 * single + 1.0)
    pairs = norm_layer("group:2", 4)(single).flatten()
    assert torch.allclose(pairs, torch.tensor([-1.0, 1.0] * 4), atol=1e-4)


@pytest.mark.parametrize(
    "norm",
    [
        "bach",
        "group",
        "group:",
        "group:0",
        "group:-4",
        "group:x",
        "groups:0",
        "groups:4|1",
        "group:4|2",
        "group:|1",
        "batch|1",
        None,
        4,
    ],
)
def test_a_norm_that_does_not_exist_is_named(norm):
    with pytest.raises(ConfigError, match="no normalisation"):
        norm_layer(norm, 16)


def test_groups_that_do_not_divide_are_refused():
    with pytest.raises(ConfigError, match="layer of 12 channels"):
        norm_layer("group:8", 12)


def test_foreign_batch_norms_are_replaced_at_any_depth():
    network = nn.Sequential(nn.BatchNorm3d(4), nn.Sequential(nn.Conv3d(4, 8, 1), nn.BatchNorm3d(8)))
    replace_batch_norm(network, "group:4")
    assert [type(network[0]), type(network[1][1])] == [GroupNorm, GroupNorm]
    assert network[1][1].num_groups == 2


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [(nn.Linear(7, 3), 7), (nn.Conv3d(4, 9, 5), 500), (nn.Conv2d(4, 8, 3, groups=2), 18), (nn.ConvTranspose3d(6, 2, 2, stride=2), 6), (nn.ConvTranspose2d(6, 2, 4, stride=2), 24)],
)  # fmt: skip
def test_the_inputs_of_an_output(layer, inputs):
    assert inputs_of_an_output(layer) == inputs


def test_he_initialisation_keeps_the_size_of_rectified_activations():
    torch.manual_seed(0)
    values = torch.randn(2, 64, 32, 32)
    layers = [nn.Conv2d(64, 64, 3, padding=1, padding_mode="circular") for _ in range(8)]
    layers.append(nn.ConvTranspose2d(64, 64, 2, stride=2))
    network = nn.Sequential(*layers)
    initialise(network)
    with torch.no_grad():
        for layer in network:
            values = torch.relu(layer(values))
    assert 0.5 < float(values.pow(2).mean()) < 2.0
    assert all(not layer.bias.any() for layer in layers)


def test_padding_appends_zeros_and_cropping_takes_them_away():
    images = torch.ones(1, 2, 3, 4, 5)
    padded = pad(images, 4)
    assert padded.shape == (1, 2, 4, 4, 8)
    assert padded.sum() == images.sum()
    assert torch.equal(crop(padded, (3, 4, 5)), images)
    assert padded_shape((16, 17, 1), 16) == (16, 32, 16)
    fitting = torch.ones(1, 1, 8, 8)
    assert pad(fitting, 8) is fitting


def test_sides_that_cannot_be_halved_are_refused():
    check_sides((64, 32, 96), 32)
    with pytest.raises(ConfigError, match=r"patch: a patch of 64×48×33 voxels.*multiples of 32\. Write 64×64×64"):
        check_sides((64, 48, 33), 32)
