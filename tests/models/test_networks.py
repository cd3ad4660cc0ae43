"""What must hold for every network of the study."""

import pytest
import torch
from network_entries import ENTRIES, built, example, loss_of

from rerad.core.errors import ConfigError
from rerad.models import NETWORKS, model, task_names
from rerad.models.padding import pad

torch.set_num_threads(2)


def trained_step(network, data, rate=1e-3):
    images, table, target, tumour = data
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    before = loss_of(network(images, table), target, tumour)
    optimiser.zero_grad()
    before.backward()
    optimiser.step()
    with torch.no_grad():
        after = loss_of(network(images, table), target, tumour)
    return float(before.detach()), float(after)


@pytest.mark.parametrize("name", ENTRIES)
def test_one_step_lowers_the_loss_and_reaches_every_parameter(name):
    # Evaluation without dropout: the loss before and after is that of the same function. The norms of the networks
    # of one case use its statistics then too.
    network = built(name).eval()
    before, after = trained_step(network, example(name))
    assert after < before
    without = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.abs().any()]
    assert without == []


@pytest.mark.parametrize("name", ENTRIES)
def test_the_heads_have_their_shapes(name):
    kind, settings, _, shape, _ = ENTRIES[name]
    images, table, _, _ = example(name, batch=2)
    network = built(name).eval()
    with torch.no_grad():
        output = network(images, table)
        assert output.maps is None
        network.keep_maps = True
        maps = network(images, table).maps
    assert kind in NETWORKS
    tasks = task_names(kind, settings)
    assert (output.logits is None) == ("classification" not in tasks)
    assert (output.voxels is None) == ("segmentation" not in tasks)
    if output.logits is not None:
        assert output.logits.shape == (2, 2)
        assert output.features.shape[0] == 2
    if output.voxels is not None:
        assert output.voxels.shape == (2, 2, *shape)
    if kind != "vnet":
        assert maps.shape[0] == 2
        assert (maps >= 0).all()
        halved = kind == "mmnas" or ("resnet" in name and output.voxels is None)
        assert tuple(maps.shape[1:]) == (tuple(-(-side // 2) for side in shape) if halved else shape)


@pytest.mark.parametrize(
    "name",
    [
        "chmfl",
        "cfl",
        "mask_hmfl",
        "cnn3d_ct",
        "cnn2d_petct",
        "cnlpc",
        "mor_cnn3d",
        "resnet18",
        "chmfl_resnet50",
        "vnet",
        "mcl3d",
        "nas3dunet",
        "unet3d",
    ],
)
def test_every_channel_and_column_counts(name):
    images, table, _, _ = example(name)
    images.requires_grad_(True)
    if table is not None:
        table.requires_grad_(True)
    output = built(name).eval()(images, table)
    head = output.voxels if output.logits is None else output.logits
    head[:, 1].mean().backward()
    for channel in range(images.shape[1]):
        assert images.grad[:, channel].abs().sum() > 0
    if table is not None:
        assert (table.grad.abs() > 0).all()


def test_the_mask_changes_what_mask_hmfl_says_and_both_branches_see_it():
    images, _, _, _ = example("mask_hmfl")
    network = built("mask_hmfl").eval()
    moved = images.clone()
    moved[:, 2] = images[:, 2].flip(1)
    assert not torch.allclose(network(images).logits, network(moved).logits)
    for encoder, seen in zip(network.encoders, network.inputs, strict=True):
        before, after = (encoder(pad(given[:, seen], 16))[-1] for given in (images, moved))
        assert not torch.allclose(before, after)


@pytest.mark.parametrize(
    "name", ["chmfl", "cnlpc", "mor_cnn3d", "chmfl_resnet18", "vnet", "mcl3d", "nas3dunet", "unet3d"]
)
def test_a_seed_decides_the_network(name):
    first, again, other = built(name, 1).state_dict(), built(name, 1).state_dict(), built(name, 2).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize(
    "name", ["chmfl", "cnn2d_ct", "cnlpc", "mor_cnn3d", "resnet18", "vnet", "mcl3d", "nas3dunet", "unet3d"]
)
def test_a_case_is_judged_alike_twice(name):
    images, table, _, _ = example(name)
    network = built(name).eval()
    with torch.no_grad():
        first, again = network(images, table), network(images, table)
    for left, right in zip(first, again, strict=True):
        assert (left is None and right is None) or torch.equal(left, right)


@pytest.mark.parametrize("kind", sorted(NETWORKS))
def test_settings_that_a_network_does_not_have_are_named(kind):
    shape = (32, 32) if kind in ("cnlpc", "resnet2d") else (16, 16, 16)
    with pytest.raises(ConfigError, match="no setting withd"):
        model(kind).build({"withd": 3}, channels=("PET", "CT"), shape=shape, columns=3)


@pytest.mark.parametrize(
    ("kind", "shape"), [("cnlpc", (16, 16, 16)), ("resnet2d", (16, 16, 16)), ("mor_cnn3d", (16, 16)), ("chmfl", (16,))]
)
def test_images_with_the_wrong_number_of_axes_are_refused(kind, shape):
    with pytest.raises(ConfigError, match="axes of this network"):
        model(kind).build({}, channels=("PET", "CT"), shape=shape)


def test_a_mask_alone_is_no_image():
    with pytest.raises(ConfigError, match="GTV only adds"):
        model("chmfl").build({}, channels=("GTV",), shape=(16, 16, 16))
