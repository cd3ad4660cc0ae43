"""CHMFL against the paper's Table SI and against hand-computed blocks."""

from itertools import pairwise

import pytest
import torch
from network_entries import built, example
from torch import nn

from rerad.core.errors import ConfigError, ReradError
from rerad.models import chmfl, mcl3d
from rerad.models.hierarchical.decoder import UpBlock
from rerad.models.hierarchical.head import Head, pool
from rerad.models.padding import pad
from rerad.models.summary import output_sizes, table_si

BOTH = ("PET", "CT")
FULL = (112, 112, 144)
TABLE_SI = [  # the paper's Table SI, output sizes as printed
    ("Input Transition", "1×16×112×112×144"), ("Down_Conv_1", "1×32×56×56×72"), ("Down_Conv_2", "1×64×28×28×36"),
    ("Down_Conv_3", "1×128×14×14×18"), ("Down_Conv_4", "1×256×7×7×9"),
    ("Up_Conv_1", "1×128×14×14×18"), ("Up_Conv_2", "1×64×28×28×36"), ("Up_Conv_3", "1×32×56×56×72"),
    ("Up_Conv_4", "1×16×112×112×144"), ("Output Transition", "1×2×112×112×144"),
]  # fmt: skip


def test_the_layers_are_those_of_table_si():
    rows = table_si({}, channels=BOTH, shape=FULL)
    assert [(row["layer"], row["output_size"]) for row in rows if row["printed"]] == TABLE_SI
    details = {row["layer"]: row["details"] for row in rows}
    assert details["Input Transition"] == "Conv3d (5×5×5, 1, 2); BatchNorm; ELU"
    assert details["Down_Conv_3"] == "Conv3d (2×2×2, 2, 0); BatchNorm; ELU"
    assert details["Up_Conv_2"] == "ConvTranspose3d (2×2×2, 2, 0); BatchNorm; ELU"
    assert details["Output Transition"] == "Conv3d (5×5×5, 1, 2); BatchNorm; ELU; Conv3d (1×1×1, 1, 0)"
    assert [row["module"] for row in rows if row["printed"]] == ["HMFL Module"] * 5 + ["CFL Module"] * 5


def test_the_table_of_a_plain_cnn_has_no_decoder_and_that_of_a_slice_two_axes():
    rows = table_si({"decoder": False}, channels=BOTH, shape=(112, 112))
    assert [row["output_size"] for row in rows if row["printed"]] == [
        "1×16×112×112",
        "1×32×56×56",
        "1×64×28×28",
        "1×128×14×14",
        "1×256×7×7",
    ]
    assert rows[0]["details"] == "Conv2d (5×5, 1, 2); BatchNorm; ELU"
    grouped = table_si({"norm": "group:4"}, channels=BOTH, shape=FULL)
    assert grouped[1]["details"] == "Conv3d (2×2×2, 2, 0); GroupNorm (8); ELU"
    assert "GroupNorm (1)" in next(row["details"] for row in grouped if row["layer"] == "Output Transition")


def test_992_features_become_256_64_2():
    with torch.device("meta"):
        network = chmfl.build({}, channels=BOTH, shape=FULL)
    linear = [layer for layer in network.head.modules() if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [(992, 256), (256, 64), (64, 2)]
    assert sum(1 for layer in network.head.modules() if isinstance(layer, nn.Dropout) and layer.p == 0.5) == 1
    with torch.device("meta"):
        sizes = output_sizes(network, linear, torch.empty(1, 2, *FULL))
    assert sizes == [(1, 256), (1, 64), (1, 2)]


@pytest.mark.parametrize(
    ("settings", "columns", "features"),
    [
        ({"fusion": "last"}, 0, 512),
        ({"pool_last": False}, 0, 480 + 512 * 7 * 7 * 9),
        ({"fusion": "last"}, 30, 542),
        ({"width": 8}, 0, 496),
    ],
)
def test_the_size_of_the_fused_vector(settings, columns, features):
    with torch.device("meta"):
        network = chmfl.build(settings, channels=BOTH, shape=FULL, columns=columns)
    assert network.head.hidden[0][0].in_features == features


def expected_parameters(width, branches=2):
    w = [width << level for level in range(5)]
    encoder = 125 * w[0] + 2 * w[0] + sum(8 * a * b + 2 * b for a, b in pairwise(w))
    decoder, taken = 0, branches * w[4]
    for up, depth in zip(w[3::-1], (2, 2, 1, 1), strict=True):
        joined = up + branches * up
        decoder += 8 * taken * up + 2 * up + depth * (125 * joined**2 + 2 * joined)
        taken = joined
    output = 125 * taken * 2 + 2 * 2 + (2 * 2 + 2)
    fused = branches * sum(w)
    head = (fused * 256 + 256) + (256 * 64 + 64) + (64 * 2 + 2)
    return branches * encoder, decoder + output, head


@pytest.mark.parametrize("width", [16, 6])
def test_the_number_of_parameters_counted_by_hand(width):
    encoder, decoder, head = expected_parameters(width)
    for settings, expected in (({}, encoder + decoder + head), ({"decoder": False}, encoder + head)):
        with torch.device("meta"):
            network = chmfl.build({"width": width, **settings}, channels=BOTH, shape=FULL)
        assert sum(value.numel() for value in network.parameters()) == expected


def test_an_up_block_computed_by_hand():
    # Two channels in, one enlarged, one skip, one convolution; norms of running statistics 0 and 1 leave values alone.
    block = UpBlock(2, 2, up=1, skips=1, depth=1, norm="running").double().eval()
    with torch.no_grad():
        block.enlarge[0].weight.copy_(torch.tensor([[[[1.0, 2.0], [3.0, -4.0]]], [[[0.0, 0.0], [0.0, 1.0]]]]))
        block.residual[0][0].weight.zero_()
        # The first output channel takes the skip's value one pixel to the right, the second the enlarged map thrice.
        block.residual[0][0].weight[0, 1, 2, 3] = 1.0
        block.residual[0][0].weight[1, 0, 2, 2] = 3.0
    maps = torch.tensor([[[[1.0]], [[2.0]]]]).double()
    skip = torch.tensor([[[[10.0, 20.0], [-1.0, -2.0]]]]).double()
    found = block(maps, [skip])
    # Enlarged: 1·[1 2; 3 −4] + 2·[0 0; 0 1] = [1 2; 3 −2], after ELU [1 2; 3 e⁻²−1].
    low = torch.tensor(-2.0).double().exp() - 1.0
    up = torch.stack([torch.tensor([1.0, 2.0]).double(), torch.stack([torch.tensor(3.0).double(), low])])
    shifted = torch.tensor([[20.0, 0.0], [-2.0, 0.0]]).double()
    first = nn.functional.elu(nn.functional.elu(shifted) + up)
    second = nn.functional.elu(nn.functional.elu(3.0 * up) + skip[0, 0])
    # The norms divide by √(1 + 1e-5), three in a row at most.
    assert torch.allclose(found[0], torch.stack([first, second]), rtol=0, atol=5e-4)


def test_pooling_takes_the_maximum_of_each_channel():
    maps = [torch.tensor([[[[1.0, -2.0], [3.0, 0.0]], [[-5.0, -1.0], [-2.0, -3.0]]]]), torch.full((1, 1, 2, 2), 7.0)]
    assert pool(maps).tolist() == [[3.0, -1.0, 7.0]]


def test_the_hidden_vector_is_what_the_classifier_sees_without_dropout():
    torch.manual_seed(0)
    head = Head(6, [5, 3], 0.5).eval()
    features, logits = head(torch.randn(4, 6))
    assert features.shape == (4, 3)
    assert (features >= 0).all()
    assert torch.equal(head.classifier(features), logits)
    assert torch.equal(Head(6, [], 0.0)(torch.ones(1, 6))[0], torch.ones(1, 6))


def test_dropout_follows_every_hidden_layer():
    torch.manual_seed(0)
    head = Head(4, [1000, 1000], 0.5).train()
    zeros = []
    for layer in [head.hidden[1][0], head.classifier]:
        layer.register_forward_pre_hook(lambda _, given: zeros.append(float((given[0] == 0).float().mean())))
    with torch.no_grad():
        head(torch.randn(8, 4))
    # ReLU zeroes about half, dropout half of the rest.
    assert all(0.7 < share < 0.8 for share in zeros)


def test_the_fused_vector_is_ordered_by_level_then_modality():
    network = built("chmfl").eval()
    levels = [[torch.full((1, 1, 2, 2, 2), 10.0 * level + branch) for branch in range(2)] for level in range(5)]
    assert network.fuse(levels).tolist() == [[0, 1, 10, 11, 20, 21, 30, 31, 40, 41]]
    network.fusion = "last"
    assert network.fuse(levels).tolist() == [[40, 41]]


def test_the_skips_come_from_the_level_of_their_size():
    network = built("chmfl").eval()
    images, _, _, _ = example("chmfl")
    seen = []
    for block in network.decoder.blocks:
        block.register_forward_pre_hook(lambda _, given: seen.append([tuple(skip.shape[1:3]) for skip in given[1]]))
    network(images)
    assert seen == [[(32, 2)] * 2, [(16, 4)] * 2, [(8, 8)] * 2, [(4, 16)] * 2]


@pytest.mark.parametrize("shape", [(5, 7, 6), (17, 16, 33), (16, 16, 16)])
def test_any_size_works(shape):
    torch.manual_seed(0)
    network = chmfl.build({"width": 2}, channels=BOTH, shape=shape)
    network.keep_maps = True
    output = network(torch.randn(1, 2, *shape))
    assert output.voxels.shape == (1, 2, *shape)
    assert output.maps.shape == (1, *shape)
    assert all(torch.isfinite(part).all() for part in (output.logits, output.voxels, output.features, output.maps))


def test_batch_statistics_are_used_at_evaluation():
    # A change of scale is undone by the statistics of the batch, not by running ones.
    images = pad(example("chmfl")[0], 16)
    for norm, unchanged in (("batch", True), ("running", False)):
        network = built("chmfl", norm=norm).eval()
        encoder = network.encoders[0].double()
        first = encoder(images[:, :1].double())
        second = encoder(2.0 * images[:, :1].double())
        assert torch.allclose(first[0], second[0], atol=1e-3) == unchanged


def test_handcrafted_features_must_be_those_the_network_was_built_for():
    network = built("mcl3d")
    images, table, _, _ = example("mcl3d")
    for wrong in (None, table[:, :3]):
        with pytest.raises(ReradError, match="where the network expects 5"):
            network(images, wrong)
    with pytest.raises(ConfigError, match="without handcrafted features"):
        mcl3d.build({}, channels=BOTH, shape=(16, 16, 16))


def test_values_that_are_not_known_are_named():
    with pytest.raises(ConfigError, match="no fusion 'all'"):
        chmfl.build({"fusion": "all"}, channels=BOTH, shape=(16, 16, 16))
    with pytest.raises(ConfigError, match="no normalisation 'bach'"):
        chmfl.build({"norm": "bach"}, channels=BOTH, shape=(16, 16, 16))


def test_the_map_is_the_mean_activation_of_the_decoders_end():
    network = built("chmfl").eval()
    images, _, _, _ = example("chmfl")
    kept = []
    network.output.register_forward_pre_hook(lambda _, given: kept.append(given[0]))
    network.keep_maps = True
    maps = network(images).maps
    assert torch.allclose(maps, kept[0].abs().mean(dim=1)[:, :16, :14, :20])
