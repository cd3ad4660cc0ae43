"""3D-U-Net: sizes, parameters and wiring by hand."""

import pytest
import torch
from kept import kept_gigabytes
from torch import nn
from torch.nn import functional

from rerad.core.errors import ConfigError
from rerad.models import unet3d
from rerad.models.summary import output_sizes

torch.set_num_threads(1)
MODALITIES = ("t1", "t1ce", "t2", "flair")
FULL = (128, 128, 128)
SMALL = {"width": 2, "depth": 4, "dropout": 0.0}
PATCH = (8, 16, 8)


def built(**settings):
    torch.manual_seed(0)
    return unet3d.build({**SMALL, **settings}, channels=MODALITIES, shape=PATCH).eval()


def test_the_sizes_at_full_size():
    with torch.device("meta"):
        network = unet3d.build({}, channels=MODALITIES, shape=FULL)
        images = torch.empty(1, 4, *FULL)
        sizes = output_sizes(network, [*network.contexts, *network.localised, *network.heads], images)
        assert network(images).voxels.shape == (1, 3, *FULL)
    down = [(1, 16 << level, *[128 >> level] * 3) for level in range(5)]
    assert sizes == [*down, *reversed(down[:4]), *[(1, 3, side, side, side) for side in (32, 64, 128)]]


@pytest.mark.parametrize("context", ["preactivation", "postactivation"])
def test_the_parameters_are_counted_by_hand(context):
    """Kernels without bias, two numbers a channel of every norm; the heads have a bias."""
    widths = [16, 32, 64, 128, 256]
    total = 0
    for taken, width in zip([4, *widths], widths, strict=False):
        total += 27 * (taken * width + 2 * width * width) + 3 * 2 * width
    for width in widths[:4]:
        total += 27 * 2 * width * width * 2 + width * width + 3 * 2 * width  # enlarged, localised twice
    total += sum(width * 3 + 3 for width in widths[:3])
    with torch.device("meta"):
        network = unet3d.build({"context": context}, channels=MODALITIES, shape=FULL)
    assert sum(value.numel() for value in network.parameters()) == total == 8_267_353


def test_levels_get_what_the_figure_of_the_network_says():
    """Each level upwards: the doubled maps from below after its convolution, behind the skipped ones of the level."""
    network = built(width=2)
    taken = {}
    for name in ("contexts", "enlarged", "localised"):
        for number, block in enumerate(getattr(network, name)):
            block.register_forward_hook(
                lambda block, inputs, output, key=(name, number): taken.update({key: (inputs[0], output)})
            )
    images = torch.randn(1, 4, *PATCH)
    with torch.no_grad():
        voxels = network(images).voxels
    for level in range(1, 4):
        assert torch.equal(taken["contexts", level][0], taken["contexts", level - 1][1])
    below = taken["contexts", 3][1]
    for number, level in enumerate((2, 1, 0)):
        assert torch.equal(taken["enlarged", number][0], functional.interpolate(below, scale_factor=2))
        joined = torch.cat([taken["contexts", level][1], taken["enlarged", number][1]], dim=1)
        assert torch.equal(taken["localised", number][0], joined)
        below = taken["localised", number][1]
    expected = torch.zeros(1, 3, 2, 4, 2)
    for number in range(3):  # every voxel of a coarser segmentation counts in the eight below it
        with torch.no_grad():
            found = network.heads[number](taken["localised", number][1])
        expected = found + (expected if number == 0 else functional.interpolate(expected, scale_factor=2))
    assert torch.allclose(voxels, expected, atol=1e-6)


def test_segmentations_of_coarse_levels_do_not_move_the_fine_structure():
    """With the finest head silent a block of eight voxels has one value."""
    network = built()
    network.heads[-1].weight.data.zero_()
    with torch.no_grad():
        blocks = network(torch.randn(1, 4, *PATCH)).voxels.unfold(2, 2, 2).unfold(3, 2, 2).unfold(4, 2, 2).flatten(5)
    assert torch.equal(blocks.amin(dim=-1), blocks.amax(dim=-1))
    assert blocks.std() > 0


def activated(maps: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(functional.instance_norm(maps), 0.01)


@pytest.mark.parametrize("stride", [1, 2])
def test_context_modules_by_hand(stride):
    torch.manual_seed(0)
    maps = torch.randn(1, 2, 4, 4, 6)
    before = unet3d.Preactivation(3, 2, 4, 0.0, stride=stride)
    after = unet3d.Postactivation(3, 2, 4, 0.0, stride=stride)

    def convolutions(module):
        return [part.weight for part in module.modules() if isinstance(part, nn.Conv3d)]

    def convolve(values, weight, step=1):
        return functional.conv3d(values, weight, padding=1, stride=step)

    entry, first, second = convolutions(before)
    entered = convolve(maps, entry, stride)
    residual = convolve(activated(convolve(activated(entered), first)), second)
    assert torch.allclose(before(maps), activated(entered + residual), atol=1e-5)
    entry, first, second = convolutions(after)
    entered = activated(convolve(maps, entry, stride))
    residual = activated(convolve(activated(convolve(entered, first)), second))
    assert torch.allclose(after(maps), entered + residual, atol=1e-5)


def test_dropout_takes_whole_channels_in_training_alone():
    network = built(dropout=0.3)
    dropouts = [part for part in network.modules() if isinstance(part, nn.Dropout3d)]
    assert [part.p for part in dropouts] == [0.3] * 4
    images = torch.randn(1, 4, *PATCH)
    with torch.no_grad():
        assert torch.equal(network(images).voxels, network(images).voxels)
        network.train()
        assert not torch.equal(network(images).voxels, network(images).voxels)


def test_slices_have_the_same_wiring():
    network = unet3d.build(SMALL, channels=MODALITIES, shape=(16, 24))
    assert network(torch.randn(2, 4, 16, 24)).voxels.shape == (2, 3, 16, 24)


def test_a_patch_that_ends_in_a_single_voxel_passes():
    network = unet3d.build(SMALL, channels=MODALITIES, shape=(8, 8, 8))
    assert network(torch.randn(1, 4, 8, 8, 8)).voxels.isfinite().all()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"depth": 5}, r"patch: a patch of 8×16×8 voxels, whose sides are no multiples of 16\. Write 16×16×16"),
        ({"context": "residual"}, r"network\.context: no context module 'residual'\. Write preactivation or post"),
        ({"heads": 4}, r"network\.heads: 4 segmenting levels of 4"),
        ({"heads": 0}, r"network\.heads: 0 segmenting levels of 4"),
    ],
)
def test_what_does_not_do_is_named(settings, told):
    with pytest.raises(ConfigError, match=told):
        unet3d.build({**SMALL, **settings}, channels=MODALITIES, shape=PATCH)


def test_a_training_step_fits_the_papers_card():
    with torch.device("meta"):
        network = unet3d.build({}, channels=MODALITIES, shape=FULL)
        images = torch.empty(1, 4, *FULL)
    assert 1 < kept_gigabytes(network, images) < 11 / 2.6  # as of NAS-3D-U-Net; measured here: 1.3
