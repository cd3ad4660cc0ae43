"""Layers of candidate operations against torch's own and against numbers by hand."""

import math

import pytest
import torch
from torch.nn import functional

from rerad.models.cells.layers import AveragePooling, Excitation

torch.set_num_threads(1)


@pytest.mark.parametrize("kernel", [3, 5])
def test_average_pooling_is_torchs_without_the_padding(kernel):
    values = torch.randn(2, 3, 7, 8, 9, requires_grad=True)
    ours = AveragePooling(kernel)(values)
    theirs = functional.avg_pool3d(values, kernel, 1, kernel // 2, count_include_pad=False)
    assert torch.allclose(ours, theirs, atol=1e-6)
    weights = torch.randn_like(ours)
    both = [torch.autograd.grad((maps * weights).sum(), values)[0] for maps in (ours, theirs)]
    assert torch.allclose(*both, atol=1e-6)
    # Torch refuses maps that are smaller than the kernel: the mean of all, by hand.
    small = torch.tensor([1.0, 3.0]).view(1, 1, 2, 1, 1)
    assert AveragePooling(kernel)(small).flatten().tolist() == [2.0, 2.0]


def test_excitation_by_hand():
    """Means 1 and 5; squeezed to 2 * 1 - 1 + 0.5 * 5 = 3.5; shares sigmoid(3.5) and sigmoid(-7 + 7)."""
    layer = Excitation(2)
    with torch.no_grad():
        layer.squeeze.weight.copy_(torch.tensor([[2.0, 0.5]]))
        layer.squeeze.bias.fill_(-1.0)
        layer.excite.weight.copy_(torch.tensor([[1.0], [-2.0]]))
        layer.excite.bias.copy_(torch.tensor([0.0, 7.0]))
    values = torch.tensor([[0.0, 2.0], [4.0, 6.0]]).view(1, 2, 2, 1, 1)
    first = 1 / (1 + math.exp(-3.5))
    assert layer(values).flatten().tolist() == pytest.approx([0.0, 2 * first, 2.0, 3.0])
    # Means 0 and 0 squeeze to -1, which the ReLU of the bottleneck makes 0: the last biases decide.
    centred = torch.tensor([[-1.0, 1.0], [-1.0, 1.0]]).view(1, 2, 2, 1, 1)
    large = 1 / (1 + math.exp(-7.0))
    assert layer(centred).flatten().tolist() == pytest.approx([-0.5, 0.5, -large, large])
