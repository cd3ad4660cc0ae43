"""The ResNets against torchvision's published layout."""

from pathlib import Path

import pytest
import torch
from network_entries import built

from rerad.core.errors import ConfigError
from rerad.models import resnet2d
from rerad.models.pretrained import WeightsError, layout, load_encoder, read_weights, resnet, write_weights

BOTH = ("PET", "CT")
# Parameters as torchvision's documentation gives them; entries of the state dict.
PUBLISHED = {18: (11_689_512, 122), 34: (21_797_672, 218), 50: (25_557_032, 320)}


@pytest.mark.parametrize("depth", PUBLISHED)
def test_the_layout_is_torchvisions(depth):
    parameters, entries = PUBLISHED[depth]
    shapes = layout(depth)
    assert len(shapes) == entries
    counted = sum(
        torch.Size(shape).numel() for name, shape in shapes.items()
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    )  # fmt: skip
    assert counted == parameters
    expected = {
        "conv1.weight": (64, 3, 7, 7), "bn1.weight": (64,), "bn1.running_var": (64,), "bn1.num_batches_tracked": (),
        "layer2.0.downsample.0.weight": (512, 256, 1, 1) if depth == 50 else (128, 64, 1, 1),
        "layer2.0.downsample.1.running_mean": (512,) if depth == 50 else (128,),
        "layer4.1.conv2.weight": (512, 512, 3, 3),
        "layer3.0.conv1.weight": (256, 512, 1, 1) if depth == 50 else (256, 128, 3, 3),
        "fc.weight": (1000, 2048) if depth == 50 else (1000, 512), "fc.bias": (1000,),
    }  # fmt: skip
    assert {name: shapes.get(name) for name in expected} == expected
    assert ("layer1.0.downsample.0.weight" in shapes) == (depth == 50)
    assert ("layer1.0.conv3.weight" in shapes) == (depth == 50)
    assert not [name for name in shapes if name.endswith("bias") and "conv" in name]


def names_of_torchvision(depth):
    blocks, convolutions = {18: ([2, 2, 2, 2], 2), 34: ([3, 4, 6, 3], 2), 50: ([3, 4, 6, 3], 3)}[depth]

    def norm(name):
        return [f"{name}.{part}" for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")]

    names = ["conv1.weight", *norm("bn1")]
    for stage, count in enumerate(blocks, 1):
        for block in range(count):
            lead = f"layer{stage}.{block}"
            for number in range(1, convolutions + 1):
                names += [f"{lead}.conv{number}.weight", *norm(f"{lead}.bn{number}")]
            if block == 0 and (stage > 1 or depth == 50):
                names += [f"{lead}.downsample.0.weight", *norm(f"{lead}.downsample.1")]
    return {*names, "fc.weight", "fc.bias"}


@pytest.mark.parametrize("depth", PUBLISHED)
def test_the_names_are_torchvisions(depth):
    assert set(layout(depth)) == names_of_torchvision(depth)


def test_the_stride_of_a_bottleneck_is_in_its_middle_convolution():
    # torchvision's published ResNet50 is the v1.5 one; weights of the other would load as well and mean nothing.
    with torch.device("meta"):
        network = resnet(50, 64, channels=3, classes=None)
    assert (network.layer2[0].conv1.stride, network.layer2[0].conv2.stride) == ((1, 1), (2, 2))
    assert network.conv1.stride == (2, 2)
    assert network.conv1.padding == (3, 3)
    assert (network.maxpool.kernel_size, network.maxpool.stride, network.maxpool.padding) == (3, 2, 1)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "resnet18.pth"
    write_weights(path, 18, 4, seed=7)
    return path


@pytest.mark.parametrize("norm", ["batch", "running"])
def test_a_file_makes_the_round_trip_into_every_encoder(weights, norm):
    network = built("resnet18", norm=norm)
    before = network.head.classifier.weight.clone()
    resnet2d.load_weights(network, weights)
    state = torch.load(weights, weights_only=True)
    for encoder in network.encoders:
        own = encoder.state_dict()
        assert len(own) == (120 if norm == "running" else 60)
        for name, value in own.items():
            expected = state[name].sum(dim=1, keepdim=True) if name == "conv1.weight" else state[name]
            assert torch.equal(value, expected), name
    assert torch.equal(network.head.classifier.weight, before)
    assert network.encoders[0].conv1.weight.data_ptr() != network.encoders[1].conv1.weight.data_ptr()


def test_a_grey_image_has_the_response_of_its_three_equal_channels(weights):
    state = read_weights(weights, 18, 4)
    colour, grey, pair = (resnet(18, 4, channels=n, classes=None).eval() for n in (3, 1, 2))
    colour.load_state_dict({name: value for name, value in state.items() if not name.startswith("fc.")})
    load_encoder(grey, state)
    load_encoder(pair, state)
    image = torch.randn(1, 1, 40, 36)
    expected = resnet2d.stages(colour, image.expand(-1, 3, -1, -1))
    for other in (resnet2d.stages(grey, image), resnet2d.stages(pair, image.expand(-1, 2, -1, -1))):
        assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(expected, other, strict=True))


def test_the_phantoms_weights_follow_from_the_seed_and_leave_the_generator_alone(tmp_path):
    state = torch.random.get_rng_state()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_weights(tmp_path / name, 18, 4, seed)
    assert torch.equal(torch.random.get_rng_state(), state)
    first, again, other = (read_weights(tmp_path / name, 18, 4)["layer1.0.conv1.weight"] for name in "abc")
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_old_files_without_batch_counters_and_other_classifiers_are_read(weights):
    state = torch.load(weights, weights_only=True)
    old = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    old["fc.weight"], old["fc.bias"] = torch.zeros(5, 32), torch.zeros(5)
    torch.save(old, weights)
    network = built("resnet18", norm="running")
    resnet2d.load_weights(network, weights)
    assert torch.equal(network.encoders[1].bn1.weight, state["bn1.weight"])


def test_faults_are_listed_by_name(weights):
    state = torch.load(weights, weights_only=True)
    del state["layer1.0.bn1.weight"]
    state["layer9.weight"] = torch.zeros(1)
    state["conv1.weight"] = torch.zeros(4, 1, 7, 7)
    torch.save(state, weights)
    with pytest.raises(WeightsError) as error:
        read_weights(weights, 18, 4)
    text = str(error.value)
    assert "missing: layer1.0.bn1.weight;" in text
    assert "unexpected: layer9.weight;" in text
    assert "conv1.weight (4, 1, 7, 7) instead of (4, 3, 7, 7)" in text
    assert str(weights) in text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_weight_that_is_not_finite_is_refused_by_its_name(weights, value):
    state = torch.load(weights, weights_only=True)
    state["layer2.0.conv1.weight"][1, 0, 2, 1] = value
    state["bn1.running_var"][3] = value
    torch.save(state, weights)
    with pytest.raises(WeightsError) as error:
        read_weights(weights, 18, 4)
    assert f"{weights}: weights that are not finite: bn1.running_var, layer2.0.conv1.weight. " in str(error.value)


def test_weights_of_another_depth_or_width_are_refused(weights):
    with pytest.raises(WeightsError, match="ResNet34 of width 4: missing: layer1"):
        read_weights(weights, 34, 4)
    with pytest.raises(WeightsError, match="instead of \\(8, 3, 7, 7\\)"):
        read_weights(weights, 18, 8)


def test_what_is_no_file_of_weights_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "touched"), "w"))

    (tmp_path / "text.pth").write_text("no weights")
    torch.save(Evil(), tmp_path / "evil.pth")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    torch.save({"epoch": 3}, tmp_path / "numbers.pth")
    for name, message in (
        ("none", "cannot be read"),
        ("text", "cannot be read"),
        ("evil", "cannot be read"),
        ("list", "no tensors"),
        ("numbers", "no tensors"),
    ):
        with pytest.raises(WeightsError, match=message):
            read_weights(tmp_path / f"{name}.pth", 18, 4)
    assert not (tmp_path / "touched").exists()


def test_a_depth_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match="no ResNet101"):
        resnet2d.build({"depth": 101}, channels=BOTH, shape=(32, 32))


@pytest.mark.parametrize(("depth", "late", "fused"), [(18, 1024, 2048), (34, 1024, 2048), (50, 4096, 7808)])
def test_the_size_of_the_joined_vector(depth, late, fused):
    with torch.device("meta"):
        plain = resnet2d.build({"depth": depth}, channels=BOTH, shape=(112, 112))
        hierarchical = resnet2d.build(
            {"depth": depth, "fusion": "hierarchical", "decoder": True, "hidden": [256, 64]},
            channels=BOTH,
            shape=(112, 144),
        )
        voxels = hierarchical(torch.empty(2, 2, 112, 144)).voxels
    assert plain.head.classifier.in_features == late
    assert hierarchical.head.hidden[0][0].in_features == fused
    assert voxels.shape == (2, 2, 112, 144)


@pytest.mark.parametrize("shape", [(33, 47), (7, 5), (64, 64)])
def test_any_size_works(shape):
    torch.manual_seed(0)
    settings = {"width": 2, "decoder": True, "fusion": "hierarchical", "decoder_width": 2}
    network = resnet2d.build(settings, channels=BOTH, shape=shape)
    output = network(torch.randn(1, 2, *shape))
    assert output.voxels.shape == (1, 2, *shape)
    assert torch.isfinite(output.logits).all()


def test_batch_norms_follow_the_setting():
    network = built("resnet18", norm="group:4")
    kinds = {type(part).__name__ for part in network.modules() if "Norm" in type(part).__name__}
    assert kinds == {"GroupNorm"}


def test_a_phantom_of_the_weights_fits_the_network_it_was_made_for(tmp_path: Path) -> None:
    settings = {"depth": 18, "width": 4}
    resnet2d.write_weights(tmp_path / "made.pth", settings, seed=3)
    resnet2d.write_weights(tmp_path / "again.pth", settings, seed=3)
    assert (tmp_path / "made.pth").read_bytes() == (tmp_path / "again.pth").read_bytes()
    network = resnet2d.build(settings, channels=("PET", "CT"), shape=(34, 20))
    resnet2d.load_weights(network, tmp_path / "made.pth")
    wanted = torch.load(tmp_path / "made.pth", weights_only=True)["layer1.0.conv1.weight"]
    assert all(torch.equal(encoder.layer1[0].conv1.weight, wanted) for encoder in network.encoders)
