"""RadSynth: its sizes, and a whole image at once against patch by patch."""

from __future__ import annotations

import pytest
import torch

from rerad.core.errors import CaseError, ConfigError
from rerad.models.radsynth import RadSynth, build, by_patches, dense


def trained(filters: list[int], seed: int = 0) -> RadSynth:
    """Return a network whose normalisations have met data, with weights of either sign."""
    torch.manual_seed(seed)
    network = build({"filters": filters})
    for norm in network.norms:
        torch.nn.init.normal_(norm.weight)
        torch.nn.init.normal_(norm.bias)
        norm.momentum = 1.0
    network(torch.randn(200, 1, 5, 5))
    return network.eval()


def test_the_parameters_of_the_published_network() -> None:
    network = build({})
    weights = 9 * (1 * 128 + 128 * 64 + 64 * 32 + 32 * 16) + 16
    others = 3 * (128 + 64 + 32 + 16) + 1  # biases, and scale and shift of the normalisations
    assert sum(parameter.numel() for parameter in network.parameters()) == weights + others
    assert network(torch.zeros(7, 1, 5, 5)).shape == (7,)


def devices() -> list[str]:
    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize(("shape", "pixels"), [((5, 5), 100), ((5, 9), 1), ((12, 8), 30), ((17, 23), 10**6)])
def test_a_whole_image_has_the_values_of_its_patches(
    shape: tuple[int, int], pixels: int, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    network = trained([128, 64, 32, 16]).to(device)
    image = torch.randn(shape, device=device)
    expected = by_patches(network, image, batch=50)
    found = dense(network, image, pixels=pixels)
    assert expected.numel() == 1 or expected.std() > 0.02
    assert found.shape == expected.shape == (shape[0] - 4, shape[1] - 4)
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_plain_pass_over_the_image_would_have_other_values() -> None:
    # In the middle of an image a plain convolution sees neighbours where a patch has zeros.
    network = trained([8, 8, 8, 8])
    image = torch.randn(9, 9)
    patch, moved = image[2:7, 2:7], torch.relu(network.norms[0](network.convolutions[0](image[None, None])))
    own = torch.relu(network.norms[0](network.convolutions[0](patch[None, None])))
    assert torch.allclose(own[..., 1:4, 1:4], moved[..., 3:6, 3:6], atol=1e-6)
    assert not torch.allclose(own[..., 0, :], moved[..., 2, 2:7], atol=1e-2)


def test_the_first_patch_is_that_of_the_corner() -> None:
    network, image = trained([8, 8, 8, 8]), torch.randn(7, 8)
    found = by_patches(network, image, batch=5)
    assert torch.allclose(found[2, 3], network(image[None, None, 2:7, 3:8])[0], atol=1e-6)


def test_training_mode_small_images_and_other_layers_are_refused() -> None:
    with pytest.raises(ConfigError, match="training mode"):
        dense(build({}), torch.zeros(6, 6))
    with pytest.raises(CaseError, match=r"\(4, 9\) holds no patch"):
        dense(trained([4, 4, 4, 4]), torch.zeros(4, 9))
    with pytest.raises(ConfigError, match="3 layers"):
        build({"filters": [4, 4, 4]})
    with pytest.raises(ConfigError, match="no setting depth"):
        build({"depth": 2})
