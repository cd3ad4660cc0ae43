"""Candidate operations and their mixture against hand-written sums and torch's own layers."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from rerad.core.errors import ConfigError
from rerad.models.cells.cell import Levers, adapt, searched_cell, seen_once
from rerad.models.cells.edges import ChosenEdge, MixedEdge
from rerad.models.cells.operations import Style, operation
from rerad.models.mmnas import DEFAULTS, space

torch.set_num_threads(1)
NAMES = tuple(DEFAULTS["operations"])
SHAPES = {2: (6, 5), 3: (4, 6, 5)}


def style(axes: int, norm: str = "batch", affine: bool = False) -> Style:
    return Style(axes, norm, affine)


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "zero"])
def test_an_operation_keeps_channels_and_size(name, axes):
    for shape in (SHAPES[axes], (1,) * axes, (2,) * axes):
        values = torch.randn(2, 4, *shape)
        assert operation(name, 4, style(axes, affine=True))(values).shape == values.shape


@pytest.mark.parametrize("axes", [2, 3])
def test_operations_are_torchs_own(axes):
    torch.manual_seed(0)
    values = torch.randn(2, 4, *SHAPES[axes])
    convolve = {2: functional.conv2d, 3: functional.conv3d}[axes]
    pool = {2: functional.max_pool2d, 3: functional.max_pool3d}[axes]

    def normalised(maps):
        along = (0, *range(2, maps.dim()))
        mean, var = maps.mean(dim=along, keepdim=True), maps.var(dim=along, keepdim=True, correction=0)
        return (maps - mean) / (var + 1e-5).sqrt()

    plain, dilated, separable = (
        operation(f"{kind} 5", 4, style(axes)) for kind in ("convolution", "dilated", "separable")
    )
    expected = normalised(convolve(values, plain[0].weight, padding=2))
    assert torch.allclose(plain(values), expected, atol=1e-5)
    expected = normalised(convolve(values, dilated[0].weight, padding=4, dilation=2))
    assert torch.allclose(dilated(values), expected, atol=1e-5)
    depth = convolve(values, separable[0].weight, padding=2, groups=4)
    assert torch.allclose(separable(values), normalised(convolve(depth, separable[1].weight)), atol=1e-5)
    assert torch.allclose(
        operation("max pooling 3", 4, style(axes))(values), normalised(pool(values, 3, 1, 1)), atol=1e-5
    )
    assert operation("skip", 4, style(axes))(values) is values


@pytest.mark.parametrize(
    "name", ["convolution 4", "convolution", "pooling 3", "skip 3", "identity 3", "up max pooling 2", "down skip", ""]
)
def test_an_operation_that_there_is_not_is_named(name):
    with pytest.raises(ConfigError, match=rf"network\.operations: no operation '{name}'\. There are convolution 3"):
        operation(name, 4, style(3))


@pytest.mark.parametrize("axes", [2, 3])
def test_a_mixed_edge_is_the_softmax_weighted_sum(axes):
    torch.manual_seed(0)
    edge = MixedEdge(NAMES, 4, style(axes))
    values = torch.randn(2, 4, *SHAPES[axes])
    alpha = torch.randn(len(NAMES))
    expected = torch.zeros_like(values)
    for name, share in zip(NAMES, alpha.exp() / alpha.exp().sum(), strict=True):
        if name == "zero":
            continue
        given = values if "pooling" in name or name == "skip" else values.clamp_min(0)
        expected += share * edge.candidates[name](given)
    found = edge(values, functional.relu(values), torch.softmax(alpha, dim=0))
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(edge(values, functional.relu(values), torch.softmax(-alpha, dim=0)), expected, atol=1e-2)


def test_zero_takes_its_share_of_the_weight_and_adds_nothing():
    edge = MixedEdge(("skip", "zero"), 2, style(2))
    values = torch.randn(1, 2, 3, 3)
    assert torch.equal(edge(values, values, torch.tensor([0.25, 0.75])), 0.25 * values)


def test_partial_channels_search_one_of_k_and_shuffle():
    edge = MixedEdge(("skip", "zero"), 8, style(2), partial=4)
    values = torch.arange(8.0).view(1, 8, 1, 1)
    mixed = edge(values, values, torch.tensor([0.5, 0.5])).flatten().tolist()
    # Channels 0 and 1 are searched, here halved; the others pass; four groups of two are dealt out in turn.
    assert mixed == [0.0, 2.0, 4.0, 6.0, 0.5, 3.0, 5.0, 7.0]
    with pytest.raises(ConfigError, match=r"search\.partial_channels: 3 does not divide the 8 channels"):
        MixedEdge(("skip",), 8, style(2), partial=3)


@pytest.mark.parametrize("norm", ["batch", "running", "group:2"])
def test_a_cell_computed_twice_is_the_cell_computed_once(norm):
    torch.manual_seed(0)
    known = space({"nodes": 2}, dims=2)

    def cell(checkpointing: bool) -> nn.Module:
        torch.manual_seed(1)
        way = style(2, norm)
        inputs = [adapt(4, 4, 1, way), adapt(4, 4, 1, way)]
        return searched_cell("reduction", inputs, 4, known, way, Levers(checkpointing=checkpointing))

    values = [torch.randn(2, 4, 8, 6) for _ in range(2)]
    weights = [torch.softmax(torch.randn(len(NAMES)), dim=0).requires_grad_() for _ in known.edges("reduction")]
    found = []
    for one in (cell(False), cell(True)):
        output = one(*values, weights)
        output.square().sum().backward()
        found.append([output, *(p.grad for p in one.parameters()), *(w.grad.clone() for w in weights), *one.buffers()])
        for weight in weights:
            weight.grad = None
    counted = [index for index, value in enumerate(found[0]) if value.dtype == torch.long]
    assert all(torch.equal(a, b) for i, (a, b) in enumerate(zip(*found, strict=True)) if i not in counted)
    assert found[0][0].shape == (2, 8, 4, 3)


def test_checkpointing_keeps_less():
    known = space({"nodes": 3}, dims=3)

    def kept(checkpointing: bool) -> int:
        seen = {}
        inputs = [adapt(4, 4, 0, style(3)), adapt(4, 4, 0, style(3))]
        cell = searched_cell("normal", inputs, 4, known, style(3), Levers(checkpointing=checkpointing))
        weights = [torch.full((len(NAMES),), 0.1, requires_grad=True) for _ in known.edges("normal")]

        def keep(value: torch.Tensor) -> torch.Tensor:
            seen[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
            return value

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
            cell(torch.randn(1, 4, 8, 8, 8), torch.randn(1, 4, 8, 8, 8), weights)
        return sum(seen.values())

    assert kept(True) < 0.25 * kept(False)


def test_running_statistics_stand_still_in_a_second_pass_and_move_again_afterwards():
    norm = nn.BatchNorm2d(2)
    before = norm.running_mean.clone()
    with seen_once(norm):
        norm(1 + torch.randn(3, 2, 4, 4))
    assert torch.equal(norm.running_mean, before)
    norm(1 + torch.randn(3, 2, 4, 4))
    assert not torch.equal(norm.running_mean, before)


@pytest.mark.parametrize("halvings", [0, 1, 2])
def test_an_input_is_halved_as_often_as_told(halvings):
    made = adapt(3, 5, halvings, style(3))
    assert made(torch.randn(1, 3, 8, 12, 4)).shape == (1, 5, *(side >> halvings for side in (8, 12, 4)))
    assert adapt(3, 1, halvings, style(2))(torch.randn(2, 3, 8, 4)).shape[:2] == (2, 1)


def test_halving_sees_voxels_of_both_parities():
    made = adapt(1, 2, 1, style(2))
    values = torch.rand(1, 1, 4, 4, requires_grad=True)
    made(values)[0, :, 0, 0].square().sum().backward()
    assert values.grad.abs()[0, 0, 0, 0] > 0
    assert values.grad.abs()[0, 0, 1, 1] > 0


def test_a_chosen_edge_rectifies_what_is_convolved_alone():
    values = -torch.rand(1, 2, 4, 4)
    zero = torch.zeros_like(values)
    assert torch.equal(ChosenEdge("skip", 2, style(2))(values, zero), values)
    assert not ChosenEdge("convolution 3", 2, style(2))(values, zero).any()
