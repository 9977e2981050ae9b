"""The quantities of physics, and their units."""

_SYMMETRIES = (
    *("rotation", "translation", "permutation", "supercell"),
    *("reflection", "wrapping", "cell_choice", "parts", "large"),
    *("batch", "threads", "precision", "device", "accelerated"),
)

UNITS = {
    "gradient": "1",
    "force_sum": "meV/Å",
    "stress": "1",
    **{f"{name}_energy": "meV/atom" for name in _SYMMETRIES},
    **{f"{name}_force": "meV/Å" for name in _SYMMETRIES},
    "closed_path": "1",
    "jacobian": "1",
    "strain_line_energy": "meV",
    "strain_line_force": "meV/Å",
    "hop_line_energy": "meV",
    "hop_line_force": "meV/Å",
    "volume_curve": "1",
    "repulsion": "1",
    "elastic_stability": "GPa",
    "isolated_energy": "meV",
    "isolated_force": "meV/Å",
    "phonons": "THz",
    "nve_300": "meV/atom/ps",
    "nve_2000": "meV/atom/ps",
    "sites_300": "1",
    "sites_2000": "1",
}
"""Each is a deviation: the larger, the worse."""
