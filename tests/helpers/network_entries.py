"""Every network of the CHMFL study at a size that a test can afford: model, settings, channels, shape, columns."""

from __future__ import annotations

import torch
from genotypes import any_genotype

BOTH, MASKED = ("PET", "CT"), ("PET", "CT", "GTV")
VOLUME, SLICE = (16, 14, 20), (24, 20)
PLAIN = {"width": 4, "fusion": "last", "decoder": False}
RESNET = {"width": 4, "norm": "batch"}
FUSED_RESNET = {**RESNET, "fusion": "hierarchical", "decoder": True, "decoder_width": 2, "hidden": [16, 8]}
SEARCHED = {"channels": 4, "reductions": 2}
UNET = {"channels": 2, "nodes": 2, "depth": 2, "regions": 2}  # regions as if they were classes


def found(dims: int) -> dict:
    """Return a genotype of MM-NAS."""
    from rerad.models import mmnas

    return any_genotype(mmnas.space(SEARCHED, dims=dims), seed=1).as_dict()


def found_unet() -> dict:
    """Return a genotype of NAS-3D-U-Net."""
    from rerad.models import nas3dunet

    return any_genotype(nas3dunet.space(UNET, dims=3), seed=1).as_dict()


ENTRIES = {
    "chmfl": ("chmfl", {"width": 4}, BOTH, VOLUME, 0),
    "cfl": ("chmfl", {"width": 4, "fusion": "last"}, BOTH, VOLUME, 0),
    "mask_hmfl": ("chmfl", {"width": 4, "decoder": False}, MASKED, VOLUME, 0),
    "chmfl_unpooled": ("chmfl", {"width": 4, "pool_last": False}, BOTH, VOLUME, 0),
    "chmfl_running": ("chmfl", {"width": 4, "norm": "running"}, BOTH, VOLUME, 0),
    **{f"chmfl_gn{n}": ("chmfl", {"width": 4, "norm": f"group:{n // 4}"}, BOTH, VOLUME, 0) for n in (4, 8, 16)},
    **{f"cnn3d_{name}": ("chmfl", PLAIN, channels, VOLUME, 0) for name, channels in (("ct", ("CT",)), ("pet", ("PET",)), ("petct", BOTH))},
    **{f"cnn2d_{name}": ("chmfl", PLAIN, channels, SLICE, 0) for name, channels in (("ct", ("CT",)), ("pet", ("PET",)), ("petct", BOTH))},
    "chmfl_2d": ("chmfl", {"width": 4}, BOTH, SLICE, 0),
    "cnlpc": ("cnlpc", {"width": 4, "hidden": [16]}, BOTH, SLICE, 0),
    "mcl3d": ("mcl3d", {"width": 4}, BOTH, VOLUME, 5),
    "mor_cnn3d": ("mor_cnn3d", {"width": 4}, BOTH, (8, 9, 10), 0),
    **{f"resnet{depth}": ("resnet2d", {**RESNET, "depth": depth}, BOTH, (40, 36), 0) for depth in (18, 34, 50)},
    **{f"chmfl_resnet{depth}": ("resnet2d", {**FUSED_RESNET, "depth": depth}, BOTH, (40, 36), 0) for depth in (18, 34, 50)},
    **{f"mmnas{len(shape)}d": ("mmnas", {**SEARCHED, "genotype": found(len(shape))}, BOTH, shape, 0) for shape in (VOLUME, SLICE)},
    "vnet": ("vnet", {"width": 4, "dropout": 0.0}, BOTH, VOLUME, 0),
    "nas3dunet": ("nas3dunet", {**UNET, "genotype": found_unet()}, BOTH, (16, 8, 24), 0),
    "unet3d": ("unet3d", {"width": 4, "depth": 3, "heads": 2, "regions": 2}, BOTH, (16, 8, 24), 0),
}  # fmt: skip


def built(name: str, seed: int = 0, **changed):
    """Build the network of an entry from a seed; ``changed`` overrides its settings."""
    from rerad.models import model

    kind, settings, channels, shape, columns = ENTRIES[name]
    torch.manual_seed(seed)
    return model(kind).build({**settings, **changed}, channels=channels, shape=shape, columns=columns)


def example(name: str, seed: int = 0, batch: int = 1):
    """Return images, table, target and tumour for the network of an entry."""
    _, _, channels, shape, columns = ENTRIES[name]
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(batch, len(channels), *shape, generator=generator)
    # Dark and bright regions: max-pooling must meet patches where all is negative for PReLU's slope to matter.
    images += torch.linspace(-3.0, 3.0, shape[-1])
    tumour = torch.zeros(batch, *shape, dtype=torch.long)
    tumour[(slice(None), *(slice(side // 4, side // 2) for side in shape))] = 1
    if "GTV" in channels:
        images[:, channels.index("GTV")] = tumour.float()
    # Without a signal in the images there would be nothing to learn of the voxels.
    images[:, 0] += 2.0 * tumour
    table = torch.randn(batch, columns, generator=generator) if columns else None
    return images, table, torch.arange(batch) % 2, tumour


def loss_of(output, target, tumour):
    """Return the loss of Eq. 1 with w = 0.5 of whatever heads there are."""
    parts = []
    if output.logits is not None:
        parts.append(torch.nn.functional.cross_entropy(output.logits, target))
    if output.voxels is not None:
        parts.append(torch.nn.functional.cross_entropy(output.voxels, tumour))
    return sum(parts) / len(parts)
