"""Operations that halve or double a map, the place of the ReLU, and mixtures of them."""

import pytest
import torch
from torch.nn import functional

from rerad.core.errors import ConfigError
from rerad.models.cells.cell import Levers, searched_cell
from rerad.models.cells.edges import ChosenEdge, MixedEdge
from rerad.models.cells.operations import AFTER, BEFORE, Style, is_rectified, operation, way_of
from rerad.models.nas3dunet import CANDIDATES, space

torch.set_num_threads(1)
NAMES = [(name, way) for way, names in CANDIDATES.items() for name in names]
FACTORS = {"down": 0.5, "up": 2, "normal": 1}
SHAPES = {2: (6, 4), 3: (4, 6, 2)}


def style(axes: int = 3, relu: str = AFTER, norm: str = "group:16|1") -> Style:
    return Style(axes, norm, affine=True, relu=relu)


def normalised(maps: torch.Tensor) -> torch.Tensor:
    """One group of all channels, at the start of its scale and shift."""
    along = tuple(range(1, maps.dim()))
    mean, var = maps.mean(dim=along, keepdim=True), maps.var(dim=along, keepdim=True, correction=0)
    return (maps - mean) / (var + 1e-5).sqrt()


@pytest.mark.parametrize("relu", [BEFORE, AFTER])
@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize(("name", "way"), NAMES)
def test_an_operation_keeps_channels_and_halves_or_doubles_sides(name, way, axes, relu):
    for shape in (SHAPES[axes], (2,) * axes):
        values = torch.randn(2, 4, *shape)
        sides = tuple(int(side * FACTORS[way]) for side in shape)
        assert operation(name, 4, style(axes, relu))(values).shape == (2, 4, *sides)
    assert way_of([name]) == ("" if way == "normal" else way)


def test_a_convolution_is_normalised_and_then_rectified_by_hand():
    """The kernel takes the middle voxel alone: 1, 2, 3, 6 have mean 3 and variance 3.5."""
    made = operation("convolution 3", 1, style(2))
    with torch.no_grad():
        made[0].weight.zero_()
        made[0].weight[0, 0, 1, 1] = 1.0
        made[0].bias.fill_(40.0)  # which the norm takes out again
        found = made(torch.tensor([[1.0, 2.0], [3.0, 6.0]]).view(1, 1, 2, 2)).flatten()
    assert found.tolist() == pytest.approx([0.0, 0.0, 0.0, 3 / 3.5**0.5], abs=1e-4)
    # In DARTS' order the ReLU is before, and the cell's: what comes out has mean 0.
    before = operation("convolution 3", 1, style(2, BEFORE))
    assert before(torch.randn(1, 1, 8, 8)).mean().item() == pytest.approx(0.0, abs=1e-6)


def test_the_cell_rectifies_states_in_one_order_alone():
    assert is_rectified("down convolution 3", style(relu=BEFORE))
    assert not is_rectified("down convolution 3", style(relu=AFTER))
    values, zero = -torch.rand(1, 4, 4, 4, 4), torch.zeros(1, 4, 4, 4, 4)
    after = ChosenEdge("convolution 3", 4, style())
    assert torch.equal(after(values, zero), after.operation(values))
    assert (after(values, zero) >= 0).all()


@pytest.mark.parametrize("axes", [2, 3])
def test_downward_operations_are_torchs_own(axes):
    torch.manual_seed(0)
    values = torch.randn(1, 4, *SHAPES[axes])
    convolve = {2: functional.conv2d, 3: functional.conv3d}[axes]
    plain, dilated, separable, excited = (
        operation(f"down {kind} 3", 4, style(axes))
        for kind in ("convolution", "dilated", "separable", "squeeze excitation")
    )
    for made, dilation in ((plain, 1), (dilated, 2)):
        expected = convolve(values, made[0].weight, made[0].bias, stride=2, padding=dilation, dilation=dilation)
        assert torch.allclose(made(values), normalised(expected).relu(), atol=1e-5)
    depth = convolve(values, separable[0].weight, stride=2, padding=1, groups=4)
    expected = normalised(convolve(depth, separable[1].weight, separable[1].bias)).relu()
    assert torch.allclose(separable(values), expected, atol=1e-5)
    expected = normalised(convolve(excited[0](values), excited[1].weight, excited[1].bias, stride=2, padding=1))
    assert torch.allclose(excited(values), expected.relu(), atol=1e-5)


def test_downward_poolings_are_neither_normalised_nor_rectified():
    values = -torch.arange(16.0).view(1, 1, 4, 4)
    assert operation("down max pooling 2", 1, style(2))(values).flatten().tolist() == [0.0, -2.0, -8.0, -10.0]
    assert operation("down average pooling 2", 1, style(2))(values).flatten().tolist() == [-2.5, -4.5, -10.5, -12.5]


@pytest.mark.parametrize("kind", ["convolution", "dilated", "separable", "squeeze excitation"])
def test_upward_operations_are_the_adjoints_of_downward_ones(kind):
    """<up(x), y> = <x, down(y)> for one kernel: a transposed convolution by its definition."""
    torch.manual_seed(0)
    small, large = torch.randn(1, 4, 3, 2, 4), torch.randn(1, 4, 6, 4, 8)
    up, down = (operation(f"{way} {kind} 3", 4, style()) for way in ("up", "down"))
    place = 1 if kind == "squeeze excitation" else 0
    up, down = up[place], down[place]
    up.weight.data.copy_(down.weight.data)
    with torch.no_grad():
        for layer in (up, down):
            if layer.bias is not None:
                layer.bias.zero_()
        forward, backward = (up(small) * large).sum(), (small * down(large)).sum()
    assert up(small).shape == large.shape
    assert forward.item() == pytest.approx(backward.item(), rel=1e-4)


def test_a_dilated_upward_convolution_leaves_all_but_every_other_voxel_to_its_bias():
    layer = operation("up dilated 3", 2, style())[0]
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([0.25, -1.0]))
        found = layer(torch.randn(1, 2, 4, 4, 4))
    reached = (found != layer.bias.view(1, 2, 1, 1, 1)).any(dim=1)[0]
    assert reached[::2, ::2, ::2].all()
    assert reached.sum() == reached.numel() / 8


def test_identity_normalises_and_rectifies_and_leaves_the_state_alone():
    values = torch.randn(1, 4, 3, 3, 3)
    given = values.clone()
    assert torch.allclose(operation("identity", 4, style())(values), normalised(values).relu(), atol=1e-5)
    assert torch.equal(values, given)
    single = -torch.ones(1, 4, 1, 1, 1)
    operation("identity", 4, Style(3, "group:1", affine=False, relu=AFTER))(single)
    assert (single == -1).all()


@pytest.mark.parametrize("way", ["down", "up", "normal"])
def test_a_mixture_is_the_softmax_weighted_sum_of_its_own_set(way):
    torch.manual_seed(0)
    names = tuple(CANDIDATES[way])
    edge = MixedEdge(names, 4, style())
    values, alpha = torch.randn(1, 4, 4, 2, 6), torch.randn(len(names))
    shares = alpha.exp() / alpha.exp().sum()
    expected = sum(share * edge.candidates[name](values) for name, share in zip(names, shares, strict=True))
    found = edge(values, torch.full_like(values, torch.nan), torch.softmax(alpha, dim=0))
    assert torch.allclose(found, expected, atol=1e-5)
    assert found.shape[2:] == tuple(int(side * FACTORS[way]) for side in (4, 2, 6))
    assert len(names) == {"down": 6, "up": 4, "normal": 5}[way]


def test_channels_that_pass_by_a_mixture_change_their_size_with_it():
    down = MixedEdge(("down average pooling 2", "zero"), 2, style(2), partial=2)
    values = torch.tensor([[0.0, 4.0], [8.0, 4.0]]).repeat(2, 1, 1)[None]
    assert down(values, values, torch.tensor([0.5, 0.5])).flatten().tolist() == [2.0, 8.0]
    up = MixedEdge(("up convolution 3",), 2, style(2), partial=2)
    found = up(values, values, torch.ones(1))
    assert found[0, 1].tolist() == [[0, 0, 4, 4], [0, 0, 4, 4], [8, 8, 4, 4], [8, 8, 4, 4]]


@pytest.mark.parametrize("partial", [1, 2])
@pytest.mark.parametrize("kind", ["down", "up"])
def test_a_cell_computed_twice_is_the_cell_computed_once(kind, partial):
    known = space({"nodes": 2}, dims=2)
    sides = {"down": [(8, 6), (8, 6)], "up": [(8, 6), (4, 3)]}[kind]
    torch.manual_seed(0)
    values = [torch.randn(1, 4, *shape) for shape in sides]
    weights = [torch.softmax(torch.randn(len(edge.operations)), 0).requires_grad_() for edge in known.edges(kind)]
    found = []
    for checkpointing in (False, True):
        torch.manual_seed(1)
        inputs = [torch.nn.Conv2d(4, 4, 1) for _ in range(2)]
        cell = searched_cell(kind, inputs, 4, known, style(2), Levers(partial, checkpointing))
        output = cell(*values, weights)
        output.square().sum().backward()
        found.append([output, *(p.grad for p in cell.parameters()), *(w.grad.clone() for w in weights)])
        for weight in weights:
            weight.grad = None
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    assert found[0][0].shape == (1, 8, *((4, 3) if kind == "down" else (8, 6)))


def test_candidates_of_one_edge_have_one_way():
    with pytest.raises(ConfigError, match=r"'convolution 3' and 'up convolution 3' give maps of different sizes"):
        MixedEdge(("convolution 3", "up convolution 3"), 4, style())
    assert way_of(["zero"]) == ""


@pytest.mark.parametrize("relu", [BEFORE, AFTER])
def test_a_cell_computes_no_relu_that_no_edge_takes(relu):
    known = space({"nodes": 1}, dims=2)
    cell = searched_cell("down", [torch.nn.Identity()] * 2, 2, known, style(2, relu), Levers())
    same = []
    for edge in cell.edges:
        edge.register_forward_pre_hook(lambda edge, given: same.append(given[0] is given[1]))
    cell(*torch.randn(2, 1, 2, 4, 4), [torch.ones(6)] * 2)
    assert same == [relu == AFTER] * 2
