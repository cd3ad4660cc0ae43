"""V-Net against MONAI's; CNLPC and the CNN of MOR against what their papers say."""

import pytest
import torch
from monai.networks.nets.vnet import VNet
from network_entries import built, example
from torch import nn

from rerad.core.errors import ConfigError
from rerad.models import cnlpc, mor_cnn3d, vnet


def test_at_width_16_it_is_monais_network():
    reference = VNet(3, 2, 2)
    ours = vnet.scaled(3, 2, 16, 0.5)
    assert [(name, value.shape) for name, value in ours.state_dict().items()] == [
        (name, value.shape) for name, value in reference.state_dict().items()
    ]
    dropouts = [(name, part.p) for name, part in reference.named_modules() if isinstance(part, nn.Dropout3d)]
    assert [(name, part.p) for name, part in ours.named_modules() if isinstance(part, nn.Dropout3d)] == dropouts
    ours.load_state_dict(reference.state_dict())
    image = torch.randn(1, 2, 16, 16, 16)
    # Two axes of the deepest level would be a single voxel in training: evaluation with running statistics.
    assert torch.equal(ours.eval()(image), reference.eval()(image))
    assert not [name for name, value in ours.named_parameters() if value.is_meta]


def test_its_channels_must_fit():
    with pytest.raises(ConfigError, match="3 channels"):
        vnet.build({}, channels=("PET", "CT", "GTV"), shape=(16, 16, 16))


def test_a_batch_norm_of_the_batch_reaches_into_monais_blocks():
    kinds = {type(part).__module__ for part in built("vnet").modules() if "BatchNorm" in type(part).__name__}
    assert kinds == {"rerad.models.normalisation"}


def test_cnlpc_has_the_layers_of_its_paper():
    with torch.device("meta"):
        network = cnlpc.build({}, channels=("PET", "CT"), shape=(112, 144))
    for branch in network.branches:
        convolutions = [block[0] for block in branch]
        assert [(c.in_channels, c.out_channels, c.kernel_size) for c in convolutions] == [
            (1, 64, (5, 5)),
            (64, 128, (3, 3)),
            (128, 256, (3, 3)),
        ]
        assert [block[1].num_parameters for block in branch] == [64, 128, 256]
    # 112 → 28 → 7 → 2, 144 → 36 → 9 → 3; both images joined before the fully connected layer.
    assert network.head.hidden[0][0].in_features == 2 * 256 * 2 * 3
    assert network.head.dropout.p == 0.5


@pytest.mark.parametrize("shape", [(112, 144), (65, 64), (32, 9), (1, 1)])
def test_cnlpc_takes_slices_of_any_size(shape):
    network = cnlpc.build({"width": 2, "hidden": [4]}, channels=("PET", "CT"), shape=shape)
    assert network(torch.randn(2, 2, *shape)).logits.shape == (2, 2)


def test_the_cnn_of_mor_has_twelve_convolutions_two_poolings_two_linear_layers():
    network = mor_cnn3d.build({}, channels=("PET", "CT"), shape=(16, 16, 16))
    assert sum(isinstance(part, nn.Conv3d) for part in network.modules()) == 12
    assert sum(isinstance(part, nn.Linear) for part in network.modules()) == 2
    pooled = []
    network.pool.register_forward_hook(lambda *_: pooled.append(1))
    network(torch.randn(1, 2, 16, 16, 16))
    assert len(pooled) == 2


def test_the_branches_of_cnlpc_do_not_share_weights():
    network = built("cnlpc").eval()
    images, _, _, _ = example("cnlpc")
    assert not torch.allclose(network(images).logits, network(images.flip(1)).logits)
