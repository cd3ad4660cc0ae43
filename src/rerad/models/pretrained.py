"""ResNet weights in torchvision's published layout: its names and shapes, reading, and a phantom's own file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rerad.core.errors import ConfigError, ReradError
from rerad.core.files import atomic

BLOCKS = {18: ("basic", [2, 2, 2, 2]), 34: ("basic", [3, 4, 6, 3]), 50: ("bottleneck", [3, 4, 6, 3])}
# Files saved before torch 0.4.1 have no such entry; it does not matter to what a network computes.
COUNTER = "num_batches_tracked"


class WeightsError(ReradError):
    """A file of weights is no such file, or its names or shapes are not those of the network."""


def resnet(depth: int, width: int, *, channels: int, classes: int | None) -> nn.Module:
    """Return MONAI's 2-D ResNet with torchvision's stem and names; ``width`` filters in its first stage (64).

    ``classes`` None leaves the classifier away.

    Raises:
        ConfigError: a depth other than 18, 34, 50.

    Source: He et al., CVPR 2016; monai.networks.nets.ResNet; torchvision.models for the layout.
    """
    # Slow to import: only once a network is built.
    from monai.networks.nets.resnet import ResNet

    if depth not in BLOCKS:
        raise ConfigError(f"no ResNet{depth}", where="network.depth", remedy="Use 18, 34 or 50")
    block, layers = BLOCKS[depth]
    return ResNet(
        block,
        layers,
        [width << stage for stage in range(4)],
        spatial_dims=2,
        n_input_channels=channels,
        conv1_t_size=7,
        conv1_t_stride=2,
        num_classes=classes or 1,
        feed_forward=classes is not None,
        bias_downsample=False,
    )


def layout(depth: int, width: int = 64, classes: int = 1000) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor in a published file, in order."""
    with torch.device("meta"):
        network = resnet(depth, width, channels=3, classes=classes)
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def write_weights(path: Path, depth: int, width: int, seed: int) -> None:
    """Write random weights in the published layout: what a phantom run takes for pretrained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = resnet(depth, width, channels=3, classes=1000).state_dict()
    buffer = io.BytesIO()  # a file would put its own name into the archive: not the same bytes twice
    torch.save(state, buffer)
    with atomic(path) as part:
        part.write_bytes(buffer.getbuffer())


def read_weights(path: Path, depth: int, width: int = 64) -> dict[str, Tensor]:
    """Read a file of published weights.

    Raises:
        WeightsError: it cannot be read, or tensors are missing, unexpected, of another shape or not finite; all are
            listed.
    """
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"cannot be read as weights ({type(error).__name__})",
            where=str(path),
            remedy="Give the file that torchvision publishes, or one that torch.save wrote of a state_dict",
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError("holds no tensors by name", where=str(path), remedy="Save the network's state_dict")
    expected = layout(depth, width)
    missing = [name for name in expected if name not in state and not name.endswith(COUNTER)]
    unexpected = [str(name) for name in state if name not in expected]
    # How many classes the classifier had does not matter: it is not used.
    wrong = [
        f"{name} {tuple(state[name].shape)} instead of {shape}"
        for name, shape in expected.items()
        if name in state and tuple(state[name].shape) != shape and not name.startswith("fc.")
    ]
    faults = {"missing": missing, "unexpected": unexpected, "of another shape": wrong}
    if any(faults.values()):
        listed = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in faults.items() if names)
        raise WeightsError(
            f"not the weights of a ResNet{depth} of width {width}: {listed}",
            where=str(path),
            remedy="Give the file of this depth, or change network.depth or network.width",
        )
    broken = [name for name in state if not name.startswith("fc.") and not bool(torch.isfinite(state[name]).all())]
    if broken:
        raise WeightsError(
            f"weights that are not finite: {', '.join(broken)}",
            where=str(path),
            remedy="Fetch or write the file again",
        )
    return state


def load_encoder(encoder: nn.Module, state: dict[str, Tensor]) -> None:
    """Copy published weights into an encoder, in place.

    An encoder of n input channels takes the sum over the red, green and blue kernels divided by n: the response of
    the original to a grey image. Running statistics go where the encoder has some; the classifier is left out.
    """
    own = encoder.state_dict()
    taken = {name: value for name, value in state.items() if name in own}
    channels = own["conv1.weight"].shape[1]
    grey = state["conv1.weight"].sum(dim=1, keepdim=True) / channels
    taken["conv1.weight"] = grey.expand(-1, channels, -1, -1)
    with torch.no_grad():
        for name, value in taken.items():
            own[name].copy_(value)
