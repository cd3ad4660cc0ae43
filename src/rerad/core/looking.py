"""What only looks at a run needs no lock: Snakemake's own parser tells it from what works."""

from __future__ import annotations

from collections.abc import Sequence

# As Snakemake's parser calls them.
LOOKS = (
    "dryrun",
    "lint",
    "dag",
    "rulegraph",
    "filegraph",
    "d3dag",
    "summary",
    "detailed_summary",
    "list_rules",
    "list_target_rules",
    "list_changes",
    "list_input_changes",
    "list_params_changes",
    "list_untracked",
    "list_conda_envs",
    "print_compilation",
    "containerize",
)


def only_looks(arguments: Sequence[str]) -> bool:
    """Tell whether a command line of Snakemake's, without its first word, leaves the files of a run as they are.

    Short options may share a dash, and long ones may be cut short.
    """
    from snakemake.cli import get_argument_parser  # it costs seconds, but for Snakemake itself

    known, _ = get_argument_parser().parse_known_args(list(arguments))
    return any(getattr(known, name) for name in LOOKS)
