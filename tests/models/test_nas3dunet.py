"""NAS-3D-U-Net: wiring and sizes of the paper's figures, the found network, and what it refuses."""

import re
from functools import cache

import pytest
import torch
import yaml
from genotypes import any_genotype
from jsonschema import Draft202012Validator
from kept import kept_gigabytes
from torch.nn import functional

from rerad.core.errors import ConfigError, ReradError
from rerad.models import mmnas, nas3dunet, unet3d
from rerad.models.cells.cell import Levers
from rerad.models.cells.edges import MixedEdge
from rerad.models.cells.genotype import Chosen, Genotype
from rerad.models.summary import output_sizes
from rerad.search.derive import random_genotype

torch.set_num_threads(1)
MODALITIES = ("t1", "t1ce", "t2", "flair")
SEARCH, TRAIN = (64, 64, 64), (128, 128, 128)
SMALL = {"channels": 2, "nodes": 2, "depth": 2}
PATCH = (8, 16, 8)


def genotype(dims: int = 3, seed: int = 0, **settings):
    return any_genotype(nas3dunet.space(settings, dims=dims), seed).as_dict()


def everywhere(down: str, up: str, normal: str) -> dict:
    """A genotype with one operation a way, from both inputs into every node."""
    cells = {
        "down": tuple(Chosen(source, target, down) for target in (2, 3, 4) for source in (0, 1)),
        "up": tuple(Chosen(source, target, (normal, up)[source]) for target in (2, 3, 4) for source in (0, 1)),
    }
    return Genotype("nas3dunet", 3, 3, cells).as_dict()


@cache
def supernet() -> nas3dunet.Nas3dUnet:
    """The supernet at full size, without memory."""
    with torch.device("meta"):
        return nas3dunet.supernet({}, channels=MODALITIES, shape=SEARCH)


@pytest.mark.parametrize(("searched", "side"), [(True, 64), (False, 128)])
def test_the_sizes_at_full_size(searched, side):
    shape = (side,) * 3
    with torch.device("meta"):
        network = (
            supernet() if searched else nas3dunet.build({"genotype": genotype()}, channels=MODALITIES, shape=shape)
        )
        blocks = [*network.stems, *network.downs, *network.ups, network.head]
        sizes = output_sizes(network, blocks, torch.empty(1, 4, *shape))
    # Three times the channels of a node, from the stems over D1 to D4 and U1 to U5; P1 and every D halve the sides.
    channels = [12, 12, 24, 48, 96, 192, 192, 96, 48, 24, 12, 3]
    halvings = [0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0, 0]
    assert sizes == [(1, given, *[side >> level] * 3) for given, level in zip(channels, halvings, strict=True)]


def parameters(network: torch.nn.Module) -> int:
    return sum(value.numel() for value in network.parameters())


def test_the_parameters_are_counted_by_hand():
    """Kernels with bias, scale and shift of the norm; the excitation has C + 1 to its bottleneck and 2 C from it."""

    def of(kind: str, c: int) -> int:
        return {
            "convolution": 27 * c * c + 3 * c,
            "dilated": 27 * c * c + 3 * c,
            "separable": 27 * c + c * c + 3 * c,
            "squeeze": 27 * c * c + 3 * c + 3 * c + 1,
        }[kind]

    def every(c: int) -> int:
        return sum(of(kind, c) for kind in ("convolution", "dilated", "separable", "squeeze"))

    def prepared(older: int, newer: int, c: int) -> int:
        return (older + newer) * c + 6 * c

    inputs = {8: (12, 12), 16: (12, 24), 32: (24, 48), 64: (48, 96)}
    back = {64: (96, 192), 32: (48, 192), 16: (24, 96), 8: (12, 48), 4: (12, 24)}
    rest = (4 * 12 + 36) + (27 * 4 * 12 + 36) + (12 * 3 + 3) + sum(prepared(*ends, c) for c, ends in inputs.items())
    rest += sum(prepared(*ends, c) for c, ends in back.items())
    # Nine edges: the identity of three (down) or six (up) has the 2 C of its norm.
    searched = sum(9 * every(c) + 6 * c for c in inputs) + sum(9 * every(c) + 12 * c for c in back)
    alphas = 6 * 6 + 3 * 5 + 3 * 4 + 6 * 5
    with torch.device("meta"):
        found = [
            nas3dunet.build(
                {"genotype": everywhere(f"down {kind} 3", f"up {kind} 3", f"{kind} 3")},
                channels=MODALITIES,
                shape=TRAIN,
            )
            for kind in ("convolution", "squeeze excitation", "separable")
        ]
    assert parameters(supernet()) == rest + searched + alphas == 8_179_725
    wanted = [rest + 6 * sum(of(kind, c) for c in (*inputs, *back)) for kind in ("convolution", "squeeze", "separable")]
    assert [parameters(network) for network in found] == wanted == [1_813_407, 1_817_853, 153_159]


def test_cells_get_what_figure_3_says():
    settings = {**SMALL, "depth": 4}
    network = nas3dunet.supernet(settings, channels=MODALITIES, shape=(32, 32, 32))
    given, made = [], {}
    names = ["P0", "P1", *(f"D{n}" for n in range(1, 5)), *(f"U{n}" for n in range(1, 6))]
    for name, block in zip(names, [*network.stems, *network.downs, *network.ups], strict=True):

        def seen(block, inputs, output, name=name):
            if len(inputs) > 1:
                given.append((name, *(made[id(value)] for value in inputs[:2])))
            made[id(output)] = name

        block.register_forward_hook(seen)
    with torch.no_grad():
        network(torch.randn(1, 4, 32, 32, 32))
    assert given == [
        ("D1", "P0", "P1"), ("D2", "P1", "D1"), ("D3", "D1", "D2"), ("D4", "D2", "D3"),
        ("U1", "D3", "D4"), ("U2", "D2", "U1"), ("U3", "D1", "U2"), ("U4", "P1", "U3"), ("U5", "P0", "U4"),
    ]  # fmt: skip


def test_stems_and_inputs_of_cells_by_hand():
    """P0 and P1: convolution and norm. An input: ReLU, convolution of 1, norm; the older one of a D takes every other."""
    torch.manual_seed(0)
    network = nas3dunet.supernet(SMALL, channels=MODALITIES, shape=PATCH)
    images = torch.randn(1, 4, *PATCH)

    def made(values, part, **how):
        return functional.group_norm(functional.conv3d(values, part.weight, part.bias, **how), 1)

    p0 = made(images, network.stems[0][0])
    p1 = made(images, network.stems[1][0], stride=2, padding=1)
    for stem, expected in zip(network.stems, (p0, p1), strict=True):
        assert torch.allclose(stem(images), expected, atol=1e-5)
    older, newer = network.downs[0].inputs
    assert torch.allclose(older(p0), made(p0[:, :, ::2, ::2, ::2].relu(), older[1]), atol=1e-5)
    assert torch.allclose(newer(p1), made(p1.relu(), newer[1]), atol=1e-5)
    across, below = network.ups[-1].inputs
    assert torch.allclose(across(p0), made(p0.relu(), across[1]), atol=1e-5)
    assert below[1].stride == (1, 1, 1)


def test_slices_have_the_same_wiring():
    with torch.device("meta"):
        network = nas3dunet.supernet(SMALL, channels=MODALITIES, shape=(64, 64))
        sizes = output_sizes(network, [*network.downs, *network.ups, network.head], torch.empty(2, 4, 64, 64))
    assert sizes == [(2, 8, 16, 16), (2, 16, 8, 8), (2, 16, 16, 16), (2, 8, 32, 32), (2, 4, 64, 64), (2, 3, 64, 64)]


def test_all_cells_of_a_kind_share_their_weights_of_operations():
    network = nas3dunet.supernet(SMALL, channels=MODALITIES, shape=PATCH)
    assert {name: [len(alpha) for alpha in alphas] for name, alphas in network.alphas.cells.items()} == {
        "down": [6, 6, 6, 6, 5],
        "up": [5, 4, 5, 4, 5],
    }
    network(torch.randn(1, 4, *PATCH)).voxels.square().sum().backward()
    assert all(alpha.grad is not None and alpha.grad.abs().sum() > 0 for alpha in network.alphas.parameters())


def test_a_supernet_whose_weights_are_decided_is_the_found_network():
    """An edge that was not chosen is decided for a convolution whose norm scales with 0: it adds nothing."""
    found = genotype(seed=2, **SMALL)
    torch.manual_seed(0)
    derived = nas3dunet.build({**SMALL, "genotype": found}, channels=MODALITIES, shape=PATCH).eval()
    network = nas3dunet.supernet(SMALL, channels=MODALITIES, shape=PATCH).eval()
    space = nas3dunet.space(SMALL, dims=3)
    chosen = {
        cell: {(edge.source, edge.target): edge.operation for edge in edges}
        for cell, edges in Genotype.from_dict(found, where="found").cells.items()
    }
    for part in ("stems", "head"):
        getattr(network, part).load_state_dict(getattr(derived, part).state_dict())
    for kind, wide, narrow in (("down", network.downs, derived.downs), ("up", network.ups, derived.ups)):
        for mixed, single in zip(wide, narrow, strict=True):
            mixed.inputs.load_state_dict(single.inputs.state_dict())
            for ends, edge in zip(mixed.ends, mixed.edges, strict=True):
                if ends in chosen[kind]:
                    kept = single.edges[single.ends.index(ends)].operation
                    edge.candidates[chosen[kind][ends]].load_state_dict(kept.state_dict())
                else:
                    edge.candidates[edge.names[0]][1].weight.data.zero_()
        for alpha, edge in zip(network.alphas.cells[kind], space.edges(kind), strict=True):
            name = chosen[kind].get((edge.source, edge.target), edge.operations[0])
            alpha.data.fill_(-100.0)
            alpha.data[edge.operations.index(name)] = 100.0
    images = torch.randn(1, 4, *PATCH)
    with torch.no_grad():
        assert torch.allclose(network(images).voxels, derived(images).voxels, atol=1e-4)


def test_dropout_is_that_of_the_search_and_of_the_training():
    searched = nas3dunet.supernet(SMALL, channels=MODALITIES, shape=PATCH)
    found = nas3dunet.build({**SMALL, "genotype": genotype(**SMALL)}, channels=MODALITIES, shape=PATCH)
    assert [network.head[0].p for network in (searched, found)] == [0.1, 0.5]
    torch.manual_seed(0)
    dropped = found.head[0](torch.ones(1, 64, 2, 2, 2)).amax(dim=(2, 3, 4))
    assert set(dropped.flatten().tolist()) == {0.0, 2.0}  # whole channels


def test_groups_have_sixteen_channels_or_there_is_one():
    groups = {part.num_channels: part.num_groups for part in supernet().modules() if hasattr(part, "num_groups")}
    assert groups == {4: 1, 8: 1, 12: 1, 16: 1, 32: 2, 64: 4}


@pytest.mark.parametrize("levers", [Levers(partial=2), Levers(checkpointing=True), Levers(2, True)])
def test_levers_reach_every_edge(levers):
    network = nas3dunet.supernet(SMALL, channels=MODALITIES, shape=PATCH, levers=levers)
    edges = [part for part in network.modules() if isinstance(part, MixedEdge)]
    assert {edge.partial for edge in edges} == {levers.partial}
    assert all(cell.checkpointing == levers.checkpointing for cell in (*network.downs, *network.ups))
    output = network(torch.randn(1, 4, *PATCH))
    assert output.voxels.shape == (1, 3, *PATCH)
    output.voxels.sum().backward()


def test_every_draw_by_lot_builds_and_weights_are_none():
    space = nas3dunet.space(SMALL, dims=3)
    for seed in range(8):
        drawn = random_genotype(space, seed)
        network = nas3dunet.build({**SMALL, "genotype": drawn.as_dict()}, channels=MODALITIES, shape=PATCH)
        with torch.no_grad():
            assert network(torch.randn(1, 4, *PATCH)).voxels.shape == (1, 3, *PATCH)
        operations = {edge.operation for edge in drawn.cells["up"] if edge.source == 1}
        assert operations <= set(nas3dunet.CANDIDATES["up"])


@pytest.mark.parametrize("shape", [(64, 64, 48), (16, 16, 16)])
def test_a_patch_that_cannot_be_halved_five_times_is_refused(shape):
    for make, settings in ((nas3dunet.supernet, {}), (nas3dunet.build, {"genotype": genotype()})):
        with pytest.raises(ConfigError, match=r"patch: a patch of .* voxels, whose sides are no multiples of 32"):
            make(settings, channels=MODALITIES, shape=shape)


def test_the_schema_takes_the_settings_of_the_network_and_nothing_else(root):
    defs = yaml.safe_load((root / "workflow" / "schemas" / "study.schema.yaml").read_text())["$defs"]
    for name, module in (("nas3dunet_network", nas3dunet), ("unet3d_network", unet3d)):
        check = Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": defs})
        settings = {key: value for key, value in module.DEFAULTS.items() if key != "genotype"}
        assert not list(check.iter_errors(settings))
        for key in settings:
            assert list(check.iter_errors({other: value for other, value in settings.items() if other != key}))
        assert list(check.iter_errors({**settings, "withd": 3}))
    pattern = defs["operations"]["items"]["pattern"]
    for name in ("up max pooling 2", "down identity", "down zero", "convolution", "down  dilated 3", "skip 3"):
        assert not re.search(pattern, name)


def test_what_does_not_do_is_named():
    with pytest.raises(ConfigError, match=r"network\.genotype: the network has no genotype"):
        nas3dunet.build({}, channels=MODALITIES, shape=SEARCH)
    other = any_genotype(mmnas.space({}, dims=3)).as_dict()
    with pytest.raises(ReradError, match=r"network\.genotype: space: 'mmnas' does not fit the network's 'nas3dunet'"):
        nas3dunet.build({"genotype": other}, channels=MODALITIES, shape=SEARCH)
    upward = genotype()
    upward["cells"]["up"][0]["operation"] = "down convolution 3"
    with pytest.raises(ReradError, match=r"cells\.up, input . to node 1: no operation 'down convolution 3'"):
        nas3dunet.build({"genotype": upward}, channels=MODALITIES, shape=SEARCH)


@pytest.mark.parametrize(
    ("way", "name", "told"),
    [
        ("down", "down fourier 3", r"network\.operations: no operation 'down fourier 3'"),
        ("down", "max pooling 3", r"network\.operations\.down: 'max pooling 3' where operations go down"),
        ("up", "down convolution 3", r"network\.operations\.up: 'down convolution 3' where operations go up"),
        ("normal", "up dilated 3", r"network\.operations\.normal: 'up dilated 3' where operations keep the size"),
    ],
)
def test_operations_that_do_not_fit_their_edge_are_named(way, name, told):
    operations = {**nas3dunet.CANDIDATES, way: [name]}
    with pytest.raises(ConfigError, match=told):
        nas3dunet.space({"operations": operations}, dims=3)


# Of the step's peak memory to what its forward pass keeps, measured on a CPU at 64³: 1.76 to 0.68 GB in a search; of
# found networks 2.1 and of the 3D-U-Net 1.3 times.
PEAK_TO_KEPT = 2.6


@pytest.mark.parametrize("learns", ["alpha", "weights"])
def test_a_search_step_fits_the_papers_card(learns):
    with torch.device("meta"):
        images = torch.empty(1, 4, *SEARCH)
    network = supernet()
    own = {id(alpha) for alpha in network.alphas.parameters()}
    for parameter in network.parameters():
        parameter.requires_grad_((id(parameter) in own) == (learns == "alpha"))
    assert 0.5 < kept_gigabytes(network, images) < 11 / PEAK_TO_KEPT


def test_a_training_step_fits_the_papers_card():
    chosen = everywhere("down separable 3", "up separable 3", "separable 3")  # which keep most
    with torch.device("meta"):
        network = nas3dunet.build({"genotype": chosen}, channels=MODALITIES, shape=TRAIN)
        images = torch.empty(1, 4, *TRAIN)
    assert 0.5 < kept_gigabytes(network, images) < 11 / PEAK_TO_KEPT
